import type { Stage } from './stage.ts';

/** Notifies a person when a month will cost more than the stage's budget. */
export function createBudget(stage: Stage): void {
  if (stage.budgetUsd === undefined) return;
  const notification = (notificationType: 'ACTUAL' | 'FORECASTED', threshold: number) => ({
    notificationType,
    threshold,
    thresholdType: 'PERCENTAGE',
    comparisonOperator: 'GREATER_THAN',
    subscriberEmailAddresses: [stage.alertEmail],
  });
  new aws.budgets.Budget('Budget', {
    budgetType: 'COST',
    timeUnit: 'MONTHLY',
    limitAmount: String(stage.budgetUsd),
    limitUnit: 'USD',
    notifications: [notification('ACTUAL', 80), notification('FORECASTED', 100)],
  });
}
