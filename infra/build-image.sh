#!/usr/bin/env bash
# Builds and pushes an image unless its tag exists, and prints its digest. A commit is built once, a rollback never.
set -euo pipefail
: "${REPOSITORY_URL:?}" "${TAG:?}" "${FUNCTION:?}" "${TARGET:?}" "${PLATFORM:?}" "${AWS_REGION:?}"

registry=${REPOSITORY_URL%%/*}
repository=${REPOSITORY_URL#*/}

digest() {
  aws ecr describe-images --repository-name "$repository" --image-ids "imageTag=$TAG" \
    --query 'imageDetails[0].imageDigest' --output text
}

if ! digest 2>/dev/null; then
  {
    aws ecr get-login-password | docker login --username AWS --password-stdin "$registry"
    # Attestations would turn the image into an index, which Lambda refuses.
    docker buildx build --push --provenance=false --sbom=false --platform "$PLATFORM" --target "$TARGET" \
      --build-arg "FUNCTION=$FUNCTION" --tag "$REPOSITORY_URL:$TAG" .
  } >&2
  digest
fi
