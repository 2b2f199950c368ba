import type { ConnectStep } from '@postmcp/sdk'
import { paint, plain, table } from '../output.js'

type StepOf<Type extends ConnectStep['type']> = Extract<ConnectStep, { type: Type }>

const goOn = (connectionId: string, flags: string): string =>
  `postmcp accounts connect --connection ${connectionId} ${flags}`

/** Where to go with a browser, and how to tell that it is the right page. */
export const renderWayToPage = ({ startUrl, userCode }: StepOf<'authorize'>): string =>
  [
    `Open this page in a browser, and go on there only if it shows the code ${paint('bold', plain(userCode))}:`,
    '',
    `  ${plain(startUrl)}`,
    '',
  ].join('\n')

/** Where to go where no browser can come back to the server. */
export const renderWayToPlatform = ({ authorizationUrl }: StepOf<'authorize'>): string =>
  [
    'Open this page in a browser and decide there:',
    '',
    `  ${plain(authorizationUrl)}`,
    '',
    'The browser is then sent to an address that may not open. That does not matter: copy the whole address.',
  ].join('\n')

const renderConnected = ({ accounts }: StepOf<'connected'>): string =>
  accounts
    .map(({ handle, platform, id, canPublish }) => {
      const done = paint('green', `Connected @${plain(handle)} on ${platform}`)
      return `${done}: ${id}${canPublish ? '' : ', which cannot publish at present'}`
    })
    .join('\n')

/** What is worth knowing before a choice: what is an account already, and how many more the plan leaves. */
export function renderAround({
  alreadyConnected,
  accountsLeft,
}: Pick<StepOf<'select_targets'>, 'alreadyConnected' | 'accountsLeft'>): string[] {
  const connected = alreadyConnected.map(({ handle, accountId }) => `@${plain(handle)} (${accountId})`)
  const accounts = accountsLeft === 1 ? 'account' : 'accounts'
  return [
    ...(connected.length === 0 ? [] : [`Connected already: ${connected.join(', ')}`]),
    ...(accountsLeft === null ? [] : [`Your plan has room for ${accountsLeft} more ${accounts}.`]),
  ]
}

function renderTargets(step: StepOf<'select_targets'>): string {
  const { targets, alreadyConnected, instructions, connectionId, expiresAt } = step
  const more = instructions === null ? [] : [plain(instructions), goOn(connectionId, '--refresh-targets')]
  if (targets.length === 0) {
    const none =
      alreadyConnected.length === 0
        ? 'There is nothing to choose from yet.'
        : 'There is nothing more to connect.'
    return [none, ...renderAround(step), ...more].join('\n')
  }
  return [
    ...renderAround(step),
    `Choose what to connect, until ${expiresAt}:`,
    table(
      ['TARGET', 'KIND', 'HANDLE', 'NAME'],
      targets.map(({ targetId, kind, handle, displayName }) => [targetId, kind, handle, displayName]),
    ),
    goOn(connectionId, '--target ID'),
    ...more,
  ].join('\n')
}

/** What has to happen next, and the command that goes on from there. */
export function renderStep(step: ConnectStep): string {
  switch (step.type) {
    case 'connected':
      return renderConnected(step)
    case 'authorize':
      return [
        renderWayToPage(step),
        `It is open until ${step.expiresAt}. See what became of it: ${goOn(step.connectionId, '--wait')}`,
      ].join('\n')
    case 'awaiting_confirmation':
      return [
        `Somebody must confirm in the browser, until ${step.expiresAt}: it is not the one in which this was started.`,
        `See what became of it: ${goOn(step.connectionId, '--wait')}`,
      ].join('\n')
    case 'select_targets':
      return renderTargets(step)
    case 'input_required':
      return [
        plain(step.instructions),
        step.helpUrl,
        table(
          ['FIELD', 'WHAT IT IS'],
          step.fields.map(({ name, description }) => [name, description]),
        ),
      ].join('\n')
  }
}
