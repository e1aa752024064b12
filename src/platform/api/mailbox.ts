import { Type } from 'typebox'
import { IdOf, Instant, Nullable, OneOf, Page, PageQuery, closed, problems } from '#kernel'
import { keyset } from '../db/page.ts'
import { findTenant } from '../jobs/run.ts'
import { listLetters, mailboxChannels } from '../outside/mailbox.ts'
import type { App, Services } from './api.ts'
import { NotFound } from './problem.ts'

const Letter = Type.Object({
  id: IdOf('letter'), channel: OneOf(mailboxChannels, 'How it was to go out.'), key: Type.String({ description: 'Id of the message: a repeat of it was dropped.' }),
  to: Type.String({ description: 'Address or number of the recipient.' }), subject: Nullable(Type.String({ description: 'Subject of an e-mail.' })),
  text: Type.String({ description: 'What it says.' }), createdAt: Instant,
}, { title: 'MailboxLetter' })

/** Shows the operator what went to the local mailbox instead of a provider. */
export function addMailboxRoutes (app: App, { db, vault }: Services): void {
  app.get('/v1/operations/mailbox', {
    config: { scope: 'operator' },
    schema: {
      operationId: 'listMailbox', tags: ['operations'], summary: 'Read the local mailbox',
      description: 'E-mails and SMS of an agency, newest first, that were kept here because no provider is configured. For trying Recoup out.',
      querystring: Type.Object({ ...PageQuery, tenantId: IdOf('tenant') }, closed), response: { 200: Page(Letter, 'MailboxPage'), ...problems(NotFound) },
    },
  }, async req => {
    const { tenantId, ...query } = req.query
    const principal = await findTenant(db, tenantId)
    if (principal === null) throw NotFound()
    return await listLetters(db, vault, principal, keyset(query))
  })
}
