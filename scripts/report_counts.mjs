// Prints the counts of a test run from Vitest's JSON report, on a separate line: `N passed, N failed, N skipped`.
//   node scripts/report_counts.mjs REPORT STATUS
import { readFileSync } from "node:fs";

const [report = "", status = "1"] = process.argv.slice(2);
const counts = count(report);
if (status !== "0" && counts.failed === 0) {
  console.error(`Vitest ended with status ${status} though no test failed; that counts as a failure.`);
  counts.failed = 1;
}
console.log(
  `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ""}`,
);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;

function count(file) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
      readFileSync(file, "utf8"),
    );
    // A file that could not be loaded has no tests, so it counts as one failure.
    const broken = testResults.filter(
      ({ status, assertionResults }) =>
        status === "failed" && !assertionResults.some((test) => test.status === "failed"),
    );
    return {
      passed: numPassedTests,
      failed: numFailedTests + broken.length,
      skipped: numPendingTests + (numTodoTests ?? 0),
    };
  } catch (error) {
    console.error(`Vitest left no report: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
