/** The layers of .dependency-cruiser.mjs, and proof that the tool really read the tree. */
import { cruise } from 'dependency-cruiser';
import config from '../../.dependency-cruiser.mjs';
import { root } from '../lib/paths.mjs';

/**
 * A cruise that reads nothing finds nothing wrong (it has happened: with a TypeScript that it does not know, the tool
 * reports success on 0 modules). Raise this as the tree grows; it only ever goes up.
 */
export const MODULES_FLOOR = 350;

const { totalCruised, violations } = (
  await cruise(['src', 'machines', 'web'], {
    ...config.options,
    baseDir: root,
    validate: true,
    ruleSet: { forbidden: config.forbidden },
  })
).output.summary;

for (const { rule, from, to } of violations) {
  const why = config.forbidden.find(({ name }) => name === rule.name)?.comment ?? '';
  console.log(`${from} → ${to}\n  ${rule.name}: ${why}`);
}
if (totalCruised < MODULES_FLOOR) {
  console.log(
    `Only ${totalCruised} modules were read, fewer than the ${MODULES_FLOOR} there must be: the tool does not see the tree.`,
  );
}
if (violations.length > 0 || totalCruised < MODULES_FLOOR) process.exitCode = 1;
else console.log(`${totalCruised} modules keep to their layers`);
