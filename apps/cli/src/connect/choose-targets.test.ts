import { beforeEach, expect, test, vi } from 'vitest'
import { askWhich, askYesNo } from '../ask.js'
import { fakeApi, steps } from '../testing/fake-api.js'
import { chooseTargets } from './choose-targets.js'

vi.mock('../ask.js', () => ({ askWhich: vi.fn(), askYesNo: vi.fn() }))
const later = { ...steps.choose, instructions: 'Add the bot to a channel.' }
const said: string[] = []
const say = (text: string) => void said.push(text)
beforeEach(() => {
  said.length = 0
  vi.mocked(askWhich).mockReset().mockResolvedValue([])
  vi.mocked(askYesNo).mockReset().mockResolvedValue(false)
})

test('asks with names that tell the targets apart, and connects what was ticked', async () => {
  vi.mocked(askWhich).mockResolvedValue(['2'])
  const { api, asked } = fakeApi(steps.connected)
  expect(await chooseTargets(api, steps.choose, say)).toEqual(steps.connected)
  expect(vi.mocked(askWhich).mock.calls[0]?.[1]).toEqual([
    { value: '1', name: 'The one (page, one)' },
    { value: '2', name: 'two (group, 2)' },
  ])
  expect(asked).toEqual(['POST /connections/conn_1 {"targetIds":["2"]}'])
})

test('says what is connected already, and how many more the plan leaves', async () => {
  const alreadyConnected = [
    { targetId: '3', handle: 'three', displayName: null, kind: 'page', accountId: 'acct_3' as const },
  ]
  await chooseTargets(fakeApi().api, { ...steps.choose, alreadyConnected, accountsLeft: 2 }, say)
  expect(said).toEqual(['Connected already: @three (acct_3)', 'Your plan has room for 2 more accounts.'])
  expect(vi.mocked(askWhich).mock.calls[0]?.[1]).toHaveLength(2)
})

test('leaves the choice open when nothing was ticked', async () => {
  expect(await chooseTargets(fakeApi().api, steps.choose, say)).toBeUndefined()
  expect(askYesNo).not.toHaveBeenCalled()
})

test('looks again where targets appear only after something was done at the platform', async () => {
  vi.mocked(askYesNo).mockResolvedValue(true)
  const { api, asked } = fakeApi(steps.choose)
  expect(await chooseTargets(api, { ...later, targets: [] }, say)).toEqual(steps.choose)
  expect(askWhich).not.toHaveBeenCalled()
  expect(said).toEqual(['Add the bot to a channel.'])
  expect(asked).toEqual(['POST /connections/conn_1 {"refreshTargets":true}'])
})

test('leaves it open when nobody wants to look again', async () => {
  expect(await chooseTargets(fakeApi().api, later, say)).toBeUndefined()
})

test('says how to go on when the question is left with Ctrl-C', async () => {
  vi.mocked(askWhich).mockRejectedValue(Object.assign(new Error(''), { name: 'ExitPromptError' }))
  await expect(chooseTargets(fakeApi().api, steps.choose, say)).rejects.toThrow()
  expect(said).toEqual(['The choice stays open: postmcp accounts connect --connection conn_1 --target ID'])
})
