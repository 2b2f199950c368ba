import { expect, test } from 'vitest'
import { errorKinds } from './errors.js'

test('docs/errors.md lists every code as it is', async () => {
  const rows = Object.entries(errorKinds).map(
    ([code, { status, exitCode, nextAction }]) =>
      `| \`${code}\` | ${status} | ${exitCode} | ${nextAction.replaceAll('|', '\\|')} |`,
  )
  const page = `# Errors

Made from \`packages/core/src/model/errors.ts\` by its test; do not edit.

Every surface uses these codes: problem documents (\`code\`), the CLI (\`--json\` prints the problem document, and the exit status is the one below), and
the SDK (\`error.code\`). \`detail\` says what happened, \`nextAction\` what to do; an error may name a more precise next action than the one here.

Exit statuses: 0 done, 1 unexpected, 2 input, 3 API key, 4 not found, 5 an account needs a person, 6 try later, 7 an outcome needs a look, 8 set-up, 130 interrupted.

| code | HTTP | exit | what to do next |
|---|---|---|---|
${rows.join('\n')}
`
  await expect(page).toMatchFileSnapshot('../../../../docs/errors.md')
})
