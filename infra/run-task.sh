#!/usr/bin/env bash
# Runs a task to its end. Fails, with the end of its log as the reason, unless it ends with 0.
set -euo pipefail
: "${CLUSTER:?}" "${TASK_DEFINITION:?}" "${SUBNETS:?}" "${SECURITY_GROUP:?}"

network="awsvpcConfiguration={subnets=[$SUBNETS],securityGroups=[$SECURITY_GROUP],assignPublicIp=DISABLED}"
task=$(aws ecs run-task --cluster "$CLUSTER" --task-definition "$TASK_DEFINITION" --launch-type FARGATE \
  --network-configuration "$network" --query 'tasks[0].taskArn' --output text)
echo "Running $task"

# The waiter gives up after ten minutes; a migration may take an hour.
for _ in 1 2 3 4 5 6; do
  aws ecs wait tasks-stopped --cluster "$CLUSTER" --tasks "$task" && break
done

read -r code reason < <(aws ecs describe-tasks --cluster "$CLUSTER" --tasks "$task" \
  --query 'tasks[0].[containers[0].exitCode, stoppedReason]' --output text)
if [[ "$code" != 0 ]]; then
  echo "The task ended with ${code}: ${reason}. Its log says why." >&2
  exit 1
fi
