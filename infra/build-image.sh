#!/usr/bin/env bash
# Builds and pushes an image unless its tag is there already, and prints its digest: a commit is built once, and going back to
# it builds nothing.
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
    # Attestations would make an index of it, which Lambda refuses.
    docker buildx build --push --provenance=false --sbom=false --platform "$PLATFORM" --target "$TARGET" \
      --build-arg "FUNCTION=$FUNCTION" --tag "$REPOSITORY_URL:$TAG" .
  } >&2
  digest
fi
