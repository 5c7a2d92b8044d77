/** A vitest reporter that writes what scripts/test.mjs needs to judge a run as JSON to the file named by TALLY_FILE. */
import { writeFileSync } from 'node:fs';

const describe = (error) => error?.stack ?? error?.message ?? String(error);

export default class TallyReporter {
  /** @param testModules modules of all projects; @param unhandledErrors errors that belong to no test. */
  onTestRunEnd(testModules, unhandledErrors, reason) {
    const tally = { passed: 0, failed: 0, skipped: [], problems: [], reason };
    for (const testModule of testModules) {
      const file = testModule.relativeModuleId ?? testModule.moduleId;
      // A suite's own error (a failed hook, a module that cannot be imported) fails no test, so it is counted by itself.
      const suites = [testModule, ...testModule.children.allSuites()];
      for (const suite of suites)
        for (const error of suite.errors()) tally.problems.push(`${file}: ${describe(error)}`);
      for (const test of testModule.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed' && test.diagnostic()?.flaky)
          tally.problems.push(`${file}: ${test.fullName} passed only when tried again`);
        else if (state === 'passed') tally.passed += 1;
        else if (state === 'failed') tally.failed += 1;
        else tally.skipped.push(`${file}: ${test.fullName}`);
      }
    }
    for (const error of unhandledErrors) tally.problems.push(`outside of any test: ${describe(error)}`);
    const path = process.env['TALLY_FILE'];
    if (path !== undefined) writeFileSync(path, JSON.stringify(tally));
  }
}
