import { Type } from 'typebox'
import { IdOf, Instant, Nullable, OneOf, WeeklyWindow, closed, problems } from '#kernel'
import { NotFound } from '#platform'
import type { Api } from '#platform'
import { PartyWasErased, consentSources } from './core.ts'
import { getContactHours, setContactHours } from './hours.commands.ts'

const windowsMax = 50
const Windows = (description: string) => Type.Array(WeeklyWindow, { maxItems: windowsMax, description })

const ContactHours = Type.Object({
  partyId: IdOf('party'), requested: Windows('Times at which the person asked to be contacted; none: they asked for none.'), inconvenient: Windows('Times that the person said are inconvenient.'),
  source: Nullable(OneOf(consentSources, 'How the person said it. Null: nothing was said.')), at: Nullable(Type.Unsafe<string>({ ...Instant, description: 'When it was last said.' })),
}, { title: 'ContactHours' })

const ContactHoursInput = Type.Object({
  requested: Type.Optional(Windows('Times at which the person asks to be contacted, by their own clock. None: they ask for none any more. Left out: as said before.')),
  inconvenient: Type.Optional(Windows('Times that the person says are inconvenient, by their own clock. None: none are any more. Left out: as said before.')),
  source: OneOf(consentSources, 'How the person said it.'),
}, { title: 'ContactHoursInput', ...closed, examples: [{ inconvenient: [{ days: [1, 2, 3, 4, 5], from: '09:00', to: '17:00' }], source: 'call' }] })

const tags = ['parties']
const params = Type.Object({ partyId: IdOf('party') })

/** When a person may be contacted, by what they said. */
export const hoursApi: Api = app => {
  app.post('/v1/parties/:partyId/contact-hours', {
    config: { scope: 'contacts:write' },
    schema: {
      operationId: 'setContactHours', tags, summary: 'Record when a person may be contacted',
      description: 'Keeps the times at which a person asked to be contacted, and those they said are inconvenient. It belongs to the person and holds for every debt of every lender; policy is asked with it from now on.',
      params, body: ContactHoursInput, response: { 201: ContactHours, ...problems(NotFound, PartyWasErased) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await setContactHours(tx, req.params.partyId, req.body))))

  app.get('/v1/parties/:partyId/contact-hours', {
    // What a person said belongs to the agency; it is read with what the agency's contacts are read with.
    config: { scope: 'outreach:read' },
    schema: { operationId: 'getContactHours', tags, summary: 'When a person may be contacted', description: 'The times at which a person asked to be contacted, and those they said are inconvenient.', params, response: { 200: ContactHours, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => await getContactHours(tx, req.params.partyId)))
}
