#!/usr/bin/env bash
# Runs a task to its end and prints its log: infra/run-task.sh [arguments of its main.js]. Fails unless it exits with 0.
set -euo pipefail
: "${CLUSTER:?}" "${TASK:?}" "${CONTAINER:?}" "${LOG_GROUP:?}" "${SUBNETS:?}" "${SECURITY_GROUP:?}" "${AWS_REGION:?}"

command='' separator=''
for word in node main.js "$@"; do
  command+="$separator\"$word\"" separator=,
done

task=$(aws ecs run-task --cluster "$CLUSTER" --task-definition "$TASK" --launch-type FARGATE \
  --network-configuration "awsvpcConfiguration={subnets=[$SUBNETS],securityGroups=[$SECURITY_GROUP],assignPublicIp=DISABLED}" \
  --overrides "{\"containerOverrides\":[{\"name\":\"$CONTAINER\",\"command\":[$command]}]}" \
  --query 'tasks[0].taskArn' --output text)
echo "Running $task" >&2

# The waiter gives up after ten minutes; a migration may take an hour.
for _ in 1 2 3 4 5 6; do
  aws ecs wait tasks-stopped --cluster "$CLUSTER" --tasks "$task" && break
done

aws logs get-log-events --log-group-name "$LOG_GROUP" --log-stream-name "$CONTAINER/$CONTAINER/${task##*/}" \
  --query 'events[].[message]' --output text || echo 'It wrote no log.' >&2

read -r code reason < <(aws ecs describe-tasks --cluster "$CLUSTER" --tasks "$task" \
  --query 'tasks[0].[containers[0].exitCode, stoppedReason]' --output text)
if [[ "$code" != 0 ]]; then
  echo "The task ended with ${code}: ${reason}" >&2
  exit 1
fi
