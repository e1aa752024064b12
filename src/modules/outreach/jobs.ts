import { setTimeout as wait } from 'node:timers/promises'
import type { Id } from '#kernel'
import { NotTaken, job } from '#platform'
import type { EventRow, Sender } from '#platform'
import { openGateways, sendersOf } from '../gateways/index.ts'
import { PlacementClosed, PlacementRecalled, PlacementReopened, PlacementReturned } from '../placements/index.ts'
import { ConsentWithdrawn, PartyErased } from '../parties/index.ts'
import { HoldPlaced, HoldReleased } from '../protection/index.ts'
import { RightPartyReached } from '../contacts/index.ts'
import { LetterReturned, LetterWithdrawn } from '../letters/index.ts'
import type { ReturnReason } from '../letters/index.ts'
import { StrategyEnrolled } from '../strategies/index.ts'
import { endCalls, openCalls } from './calls.commands.ts'
import { forgetParties, honourOptOuts, planSteps, reconcileMessages } from './commands.ts'
import { followWithdrawn, withdrawUnfit } from './letters.commands.ts'
import type { Withdrawn } from './letters.commands.ts'
import { recordReturn } from './receipts.commands.ts'
import { permitDue, recordHandOvers } from './sending.commands.ts'
import type { HandOver, Permitted } from './sending.commands.ts'
import type { ProviderChannel } from './core.ts'
import { callTasks, messages } from './tables.ts'

const accountsOf = (events: readonly EventRow[]): Id<'account'>[] => [...new Set(events.flatMap(({ accountId }) => accountId === null ? [] : [accountId]))]

/**
 * Keeps what is planned in line with what happens to debts and to consent. Events only say where to look: what is done follows from how the
 * accounts stand, so that a dispute opened and resolved in one batch leaves things as they were.
 */
export const keepMessages = job({
  name: 'outreach.keepMessages',
  on: [StrategyEnrolled, PlacementReopened, PlacementClosed, PlacementRecalled, PlacementReturned, HoldPlaced, HoldReleased, ConsentWithdrawn],
  async run (tx, events) {
    // The boundary of an event: its shape was checked when it was emitted.
    const enrolled = events.filter(({ type }) => type === StrategyEnrolled.name).map(({ data }) => (data as { enrolmentId: Id<'enrolment'> }).enrolmentId)
    if (enrolled.length > 0) await planSteps(tx, enrolled)
    const accounts = accountsOf(events)
    if (accounts.length > 0) {
      await reconcileMessages(tx, accounts)
      await withdrawUnfit(tx, accounts)
    }
    const withdrawn = events.filter(({ type }) => type === ConsentWithdrawn.name).map(({ data }) => (data as { consentId: Id<'consent'> }).consentId)
    if (withdrawn.length > 0) await honourOptOuts(tx, withdrawn)
  },
})

/** Forgets what was written to parties whose personal data was erased. */
export const forgetErased = job({
  name: 'outreach.forgetParties', on: [PartyErased],
  async run (tx, events) {
    await forgetParties(tx, events.map(({ data }) => (data as { partyId: Id<'party'> }).partyId))
  },
})

/** Follows letters to the post and back. */
export const followLetters = job({
  name: 'outreach.followLetters', on: [LetterWithdrawn, LetterReturned],
  async run (tx, events) {
    // The boundary of an event: its shape was checked when it was emitted.
    const of = <T>(name: string): T[] => events.filter(({ type }) => type === name).map(({ data }) => data as T)
    const withdrawn = of<Withdrawn>(LetterWithdrawn.name)
    if (withdrawn.length > 0) await followWithdrawn(tx, withdrawn)
    for (const { messageId, reason } of of<{ messageId: Id<'message'>, reason: ReturnReason }>(LetterReturned.name)) await recordReturn(tx, messageId, reason === 'unknownAddress' || reason === 'moved')
  },
})

/** Asks collectors for the calls that fell due. */
export const askForCalls = job({
  name: 'outreach.askForCalls', due: callTasks,
  async run ({ tx, isOver }) {
    while (await tx(openCalls) > 0) if (isOver()) return true
    return false
  },
})

/** Ends calls that were asked for when somebody reached the person, from whatever place of work. */
export const endMadeCalls = job({
  name: 'outreach.endMadeCalls', on: [RightPartyReached],
  async run (tx, events) {
    // The boundary of an event: its shape was checked when it was emitted.
    const made = events.filter(({ data }) => (data as { channel: string }).channel === 'call')
    if (made.length > 0) await endCalls(tx, accountsOf(made))
  },
})

/** Messages handed over at once. With a provider's deadline of 15 s a batch of 100 ends well within the fence. */
const lanes = 50

/** How long a slice waits before it looks again at messages that another has in hand. */
const lookAgainMs = 50

/**
 * Sends what is due. Policy is asked, the message fenced off and the agency's gateways opened in one transaction, it is handed over outside of any, and what came of it
 * is written in another. A crash between leaves the fence to expire: the message is put before policy again and goes out under the same key,
 * which a provider that has it drops. One that does not drop repeats is not asked again: nobody is written to twice.
 */
export const sendDueMessages = job({
  name: 'outreach.sendDueMessages', due: messages,
  async run ({ tx, vault, outside, isOver }) {
    while (true) {
      const { permitted, isMore, own } = await tx(async tx => {
        const own = await openGateways(tx, vault)
        return { ...await permitDue(tx, vault, { publicUrl: outside.publicUrl, repeating: own.filter(({ adapter }) => !adapter.posting.dropsRepeats).map(({ channel }) => channel) }), own }
      })
      if (permitted.length > 0) {
        const handOvers = await handOverAll(sendersOf(outside, own), permitted)
        await tx(async tx => { await recordHandOvers(tx, handOvers) })
      } else if (!isMore) {
        return false
      }
      if (isOver()) return isMore
      // Nothing to be had and yet something due: somebody else has it in hand, and a test clock must not run ahead of them.
      if (permitted.length === 0) await wait(lookAgainMs)
    }
  },
})

type Senders = Readonly<Record<ProviderChannel, Sender>>

async function handOverAll (senders: Senders, permitted: readonly Permitted[]): Promise<HandOver[]> {
  const waiting = [...permitted]
  const done: HandOver[] = []
  const lane = async (): Promise<void> => {
    for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) done.push(await handOver(senders, message))
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return done
}

async function handOver (senders: Senders, message: Permitted): Promise<HandOver> {
  try {
    const { providerId } = await senders[message.channel].send(message.letter)
    return { message, isTaken: true, providerId }
  } catch (error) {
    return { message, isTaken: false, isFinal: error instanceof NotTaken && error.isFinal }
  }
}
