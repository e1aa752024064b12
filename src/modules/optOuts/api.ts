import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { problems } from '#kernel'
import { BodyTooLarge, DatabaseUnavailable, InvalidRequest, NotFound, TooManyRequests, UnsupportedMediaType, findPrincipal } from '#platform'
import type { Api, App, Services, Tx } from '#platform'
import { getOptOut, recordOptOut } from './commands.ts'
import { bodyBytesMax, nobodys, oneClick, readOptOut, tenantOf } from './core.ts'
import { askPage, donePage, pageHeaders, pageLanguage, refusalPage } from './pages.core.ts'

/** RFC 8058 (3.1): the first should be sent, the second may. */
const forms = ['multipart/form-data', 'application/x-www-form-urlencoded']

const tags = ['optOuts']
const params = Type.Object({ token: Type.String({ description: 'The end of the link, as it stands in the message.', examples: ['AQGas_BsHn01mlENf1wbLkQF3q2-7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGg'] }) })
const Html = Type.String({ description: 'A page in English, German or Chinese, by Accept-Language.' })
const shown = (description: string) => ({ description, content: { 'text/html': { schema: Html } } })

/** Refusals of these routes: problem details, and a page for whoever accepts text/html. */
const problemsOrPages = (...types: Parameters<typeof problems>) => Object.fromEntries(Object.entries(problems(...types))
  .map(([status, response]) => [status, { ...response, content: Object.assign({}, 'content' in response ? response.content : {}, { 'text/html': { schema: Html } }) }]))

/** Nothing else is asked of a click: a field too many is not held against a person who refuses. */
const OptOutInput = Type.Object({
  [oneClick.name]: Type.Literal(oneClick.value, { description: 'As RFC 8058 has it, whoever sends it.' }),
}, { title: 'OptOutInput', examples: [{ [oneClick.name]: oneClick.value }] })

const config = { scope: null, isLimitedByAddress: true }

/** Routes that anybody reaches who has a link: their pages are for people and their bodies are forms. */
export const api: Api = (app, services) => {
  void app.register(async scope => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(forms, { parseAs: 'buffer', bodyLimit: bodyBytesMax }, async (req: FastifyRequest, body: Buffer) => await readForm(req.headers['content-type'] ?? '', body))
    scope.addHook('onSend', async (req, reply, payload) => {
      if (reply.statusCode < 400 || !(req.headers.accept ?? '').includes('text/html')) return payload
      reply.headers(pageHeaders)
      return refusalPage(languageOf(req), reply.statusCode)
    })
    routes(scope as App, services)
  })
}

/** The fields of a form. Throws `InvalidRequest` when it is none. */
async function readForm (contentType: string, body: Buffer): Promise<object> {
  const form = await new Response(body, { headers: { 'content-type': contentType } }).formData().catch(() => { throw InvalidRequest({}, { violations: [{ pointer: '', message: 'is not a form' }] }) })
  return Object.fromEntries(form)
}

const languageOf = (req: FastifyRequest) => pageLanguage(req.headers['accept-language'] ?? '')
const sendPage = async (reply: FastifyReply, page: string) => await reply.headers(pageHeaders).send(page)

function routes (app: App, { db, vault }: Services): void {
  /** Work for the agency that a token names. One that does not exist costs what a token costs that is not its own. */
  const forAgencyOf = async <T>(token: string, correlationId: string, work: (tx: Tx) => Promise<T>, options: { readOnly?: boolean } = {}): Promise<T> => {
    const principal = await findPrincipal(db, tenantOf(token))
    if (principal !== null) return await db.withTenant({ ...principal, correlationId }, work, options)
    readOptOut(token, nobodys)
    throw NotFound()
  }

  app.get('/v1/opt-outs/:token', {
    config,
    schema: {
      operationId: 'getOptOut', tags, summary: 'See what a link would stop', description: 'For the people you write to, without a key: a page that says what the link would stop, with one button. Opening it changes nothing, because scanners of mail open links. Limited by the caller\'s address.',
      params, response: { 200: shown('The page that asks.'), ...problemsOrPages(InvalidRequest, NotFound, TooManyRequests, DatabaseUnavailable) },
    },
  }, async (req, reply) => {
    const facts = await forAgencyOf(req.params.token, req.id, async tx => await getOptOut(tx, vault, req.params.token), { readOnly: true })
    return await sendPage(reply, askPage(languageOf(req), facts))
  })

  app.post('/v1/opt-outs/:token', {
    config,
    schema: {
      operationId: 'recordOptOut', tags, summary: 'Stop further messages by one click',
      description: 'For the people you write to and their mail programs (RFC 8058), without a key: withdraws consent to the link\'s kind of contact at the address it was sent to, for every debt, at once. What is scheduled is suppressed. A repeat changes nothing. Limited by the caller\'s address.',
      params, consumes: forms, body: OptOutInput, response: { 200: shown('The page that says it is done.'), ...problemsOrPages(InvalidRequest, NotFound, BodyTooLarge, UnsupportedMediaType, TooManyRequests, DatabaseUnavailable) },
    },
  }, async (req, reply) => {
    const facts = await forAgencyOf(req.params.token, req.id, async tx => await recordOptOut(tx, vault, req.params.token))
    return await sendPage(reply, donePage(languageOf(req), facts))
  })
}
