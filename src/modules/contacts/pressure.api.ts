import { Type } from 'typebox'
import { IdOf, Instant, Nullable, OneOf, TimeZone, problems } from '#kernel'
import { NotFound } from '#platform'
import type { Api } from '#platform'
import { findAccount, partyRoles } from '../accounts/index.ts'
import { PolicyCount } from '../policy/index.ts'
import { attemptChannels, directions } from './core.ts'
import { readPressure } from './pressure.commands.ts'

const number = (description: string) => Type.Integer({ minimum: 0, description })

const ContactPressure = Type.Object({
  data: Type.Array(Type.Object({
    partyId: IdOf('party'), role: OneOf(partyRoles, 'What the party has to do with the debt.'), timeZone: TimeZone,
    contacts: Type.Array(Type.Object({
      channel: OneOf(attemptChannels, 'By which channel.'), direction: OneOf(directions, '`out`: begun by the agency; `in`: by the party.'),
      today: number('Today, by the borrower\'s calendar.'), last7Days: number('In the seven days that end today.'), last30Days: number('In the thirty days that end today.'),
    }), { description: 'What the person has had of contacts, whichever debt they were about, by all collectors of the agency. What is permitted and not yet recorded is among them.' }),
    channels: Type.Array(Type.Object({
      channel: OneOf(attemptChannels, 'By which channel.'), contactPointId: IdOf('contactPoint'),
      verdict: OneOf(['allowed', 'wait', 'denied'], '`allowed`: it is open now. `wait`: from `earliestAllowedAt` on. `denied`: not until something changes.'), earliestAllowedAt: Nullable(Instant),
      counts: Type.Array(PolicyCount, { description: 'What each rule that counts has counted for a contact by this channel, and its limit.' }),
    }), { description: 'Every way to reach the party, and whether it is open now.' }),
  }, { title: 'PartyPressure' }), { description: 'The parties of the debt, the borrower first.' }),
}, { title: 'ContactPressure' })

/** How much contact people have had, and how much more they may have. */
export const pressureRoutes: Api = app => {
  app.get('/v1/accounts/:accountId/contact-pressure', {
    config: { scope: 'outreach:read' },
    schema: {
      operationId: 'readPressure', tags: ['contacts'], summary: 'Read the pressure of contacts',
      description: 'How often the people of a debt were contacted, by all collectors and about whatever debt, beside what each rule that counts allows; and what is open to them now. Other debts are counted and not named. Nothing is held: ask for a permit before a contact.',
      params: Type.Object({ accountId: IdOf('account') }), response: { 200: ContactPressure, ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    if (await findAccount(tx, req.params.accountId) === null) throw NotFound()
    return { data: await readPressure(tx, req.params.accountId) }
  }))
}
