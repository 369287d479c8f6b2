/** Whether a metric is better the lower or the higher it is. */
export type Goal = 'low' | 'high';

const HIGHER_IS_BETTER = new Set(
  (
    'acc accuracy auc auroc auprc ap map bleu rouge dice iou miou f1 fscore score r2 precision recall sensitivity ' +
    'specificity reward return kappa mcc ndcg mrr hits top1 top5 psnr ssim win wins success likelihood elbo'
  ).split(' ')
);
const LOWER_IS_BETTER = new Set(
  (
    'loss err error errors mse rmse mae mape rmsle logloss nll perplexity ppl wer cer fid cost regret deviance ' +
    'crossentropy entropy'
  ).split(' ')
);

/** Say by its name what a metric is meant to become; null where the name does not tell. */
export function toldGoal(name: string): Goal | null {
  const words = wordsOf(name);
  if (words.some(word => LOWER_IS_BETTER.has(word))) {
    return 'low';
  }
  return words.some(word => HIGHER_IS_BETTER.has(word)) ? 'high' : null;
}

/** The same, lower where the name does not tell: most such numbers are losses, times and sizes. */
export function goalOf(name: string): Goal {
  return toldGoal(name) ?? 'low';
}

/** Split a name: `valAccuracy`, `val/accuracy` and `val_accuracy` all have the word accuracy. */
function wordsOf(name: string): string[] {
  return name
    .replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ')
    .split(/[^A-Za-z0-9]+/)
    .map(word => word.toLowerCase());
}
