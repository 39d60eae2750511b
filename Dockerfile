# One function per image:          docker build --build-arg FUNCTION=redirect .
# All of them, with PostgreSQL:    docker build --build-arg FUNCTION=standalone .
# A bundle is the same on every platform, so the builder's own platform makes it.

ARG FUNCTION=standalone
# The kind of the image: `standalone`, or `function` for any other.
ARG OTHER=${FUNCTION#standalone}
ARG KIND=${OTHER:+function}
ARG KIND=${KIND:-standalone}

FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS manifests
WORKDIR /src
COPY . .
# The remaining files change only with dependencies, and so does the layer of `npm ci`.
RUN rm -r infra && find packages functions -type f ! -name package.json -delete

FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS build
WORKDIR /src
COPY --from=manifests /src ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund && npx patch-package
COPY . .
ARG FUNCTION
RUN node infra/bundle/main.ts "${FUNCTION}" lambda-secrets

# The package of PostgreSQL for the platform of the image.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS postgresql
WORKDIR /src
COPY --from=manifests /src ./
ARG TARGETARCH
ARG CPU=${TARGETARCH/amd64/x64}
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund \
  --omit=dev --workspace=packages/embedded-postgres --os=linux --cpu="${CPU}"

FROM node:24-bookworm-slim AS programs-standalone
WORKDIR /src
COPY --from=postgresql /src ./
COPY packages/embedded-postgres packages/embedded-postgres
COPY packages/platform packages/platform
COPY infra/bundle infra/bundle
RUN node infra/bundle/programs.ts /app

FROM node:24-bookworm-slim AS programs-function

# V8 compiles for the platform that it runs on.
FROM programs-${KIND} AS compiled
WORKDIR /app
ARG FUNCTION
COPY infra/bundle /src/bundle
COPY --from=build /src/dist/${FUNCTION}/*.js /src/dist/${FUNCTION}/package.json ./
RUN node /src/bundle/compile.ts bundle.js

FROM node:24-bookworm-slim AS base
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 INTERNAL_HOST=0.0.0.0 INTERNAL_PORT=9464
# 4 MB of young generation instead of 16 save a quarter of the memory under load, at the same CPU. One helper thread
# instead of four halves the p99: on a core or less, four only wait for each other.
ENV NODE_OPTIONS="--max-semi-space-size=4 --v8-pool-size=1"
EXPOSE 8080 9464
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --start-interval=1s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.INTERNAL_PORT}/.live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# No shell and no npm in between: Node is process 1 and gets SIGTERM.
ENTRYPOINT []
CMD ["node", "main.js"]

FROM base AS function
ENV JOURNAL_DIR=/journal
# A volume that is mounted here takes over this owner, and outlives the container.
RUN install --directory --owner=node --group=node /journal
USER node
COPY --from=compiled /app ./

# For AWS Lambda: the adapter turns invocations into requests, and events of a trigger into POST /.events. An event with
# a 5xx answer has failed and is delivered again.
FROM function AS lambda
# It has started once it has tried each backing service, even if one is down: callers then get an error, not an endless
# start. Lambda freezes it after each response, and its disk does not last: a response waits up to 100 ms for its visit.
ENV JOURNAL_DIR=none VISIT_DURABILITY=confirmed VISIT_CONFIRM_MS=100 TRIGGER=external \
    AWS_LWA_HOST=127.0.0.1 AWS_LWA_PORT=8080 \
    AWS_LWA_READINESS_CHECK_PORT=9464 AWS_LWA_READINESS_CHECK_PATH=/.ready AWS_LWA_READINESS_CHECK_HEALTHY_STATUS=100-503 \
    AWS_LWA_PASS_THROUGH_PATH=/.events \
    AWS_LWA_ERROR_STATUS_CODES=500-599
COPY --from=public.ecr.aws/awsguru/aws-lambda-adapter:1.1.0 /lambda-adapter /opt/extensions/lambda-adapter
COPY --from=build /src/dist/lambda-secrets/main.mjs ./lambda-secrets.mjs
CMD ["node", "--import", "./lambda-secrets.mjs", "main.js"]

FROM function AS image-function
# Fargate gives a volume to the owner of its folder only if the image declares the volume.
VOLUME /journal

FROM base AS image-standalone
ENV EMBEDDED=accept DATA_DIR=/data
# Any user may write here (--user). A user's files are for that user only.
RUN install --directory --owner=node --group=node --mode=1777 /data
USER node
COPY --from=compiled /app/node_modules ./node_modules
COPY --from=compiled /app/*.* ./
VOLUME /data

FROM image-${KIND} AS runtime
