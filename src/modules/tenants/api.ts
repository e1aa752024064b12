import { createHash, randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { CountryCode, IdOf, Instant, Nullable, OneOf, Page, PageQuery, Text, TimeZone, closed, idOf, isTimeZone, problems } from '#kernel'
import { Conflict, InvalidRequest, NotFound, keyset, newId } from '#platform'
import type { Api } from '#platform'
import { advanceTestClock, createApiKey, createStaff, createTenant, createTestClock, revokeApiKey, rotateApiKey, showClock, showStaff } from './commands.ts'
import { ClockBackwards, ClockBusy, ClockExists, ClockTooFar, KeyRevoked, NotASandbox, ScopeNotGrantable, roles } from './core.ts'
import { findTenant, findTestClock, listKeys, listStaff, listTenants } from './db.ts'

/** The bytes of a new key: 256 bits. */
const newSecret = (): Buffer => randomBytes(32)

const TenantFields = {
  name: Text(200, 'The agency\'s name.', ['Harbour Recoveries']),
  jurisdiction: CountryCode,
  timeZone: TimeZone,
  livemode: Type.Boolean({ description: 'False: a sandbox with test keys, which may have a test clock.' }),
}

export const TenantInputSchema = Type.Object({
  ...TenantFields,
  testClock: Type.Optional(Type.Object({ now: Instant }, { ...closed, description: 'The time a sandbox begins at. Left out: it lives by the wall clock.' })),
}, { title: 'TenantInput', ...closed, examples: [{ name: 'Harbour Recoveries', jurisdiction: 'US', timeZone: 'America/New_York', livemode: false, testClock: { now: '2026-01-05T09:00:00Z' } }] })
export type TenantInput = Static<typeof TenantInputSchema>

export const ApiKey = Type.Object({
  id: IdOf('apiKey'), kind: OneOf(['staff', 'service', 'lender'], 'For whom the key stands.'), name: Type.String({ description: 'What the key is for.' }),
  hint: Type.String({ description: 'How the key begins.' }), staffId: Nullable(IdOf('staff')), lenderId: Nullable(IdOf('lender')),
  scopes: Type.Array(Type.String(), { description: 'What the key may do.' }),
  expiresAt: Nullable(Instant), revokedAt: Nullable(Instant), lastUsedAt: Nullable(Instant), createdAt: Instant,
}, { title: 'ApiKey' })

/** A key just made: the only time it is shown. */
export const NewApiKey = Type.Object({ ...ApiKey.properties, key: Type.String({ description: 'The key itself. It is shown once; keep it safe.' }) }, { title: 'NewApiKey' })

const Tenant = Type.Object({ id: IdOf('tenant'), ...TenantFields, clockAt: Nullable(Instant), createdAt: Instant }, { title: 'Tenant' })
const NewTenant = Type.Object({
  id: IdOf('tenant'), ...TenantFields, testClockId: Nullable(IdOf('testClock')), adminKey: NewApiKey,
}, { title: 'NewTenant' })

const KeyFields = {
  name: Text(100, 'What the key is for.', ['Nightly import']),
  scopes: Type.Optional(Type.Array(Type.String({ maxLength: 40, pattern: '^[a-z]+:[a-z]+$' }), { maxItems: 60, description: 'What the key may do; left out: all that its kind may.' })),
  expiresAt: Type.Optional(Instant),
}
/** What a caller says of a new key, whoever it is for. */
export const KeyInput = Type.Object(KeyFields, { title: 'KeyInput', ...closed, examples: [{ name: 'Core banking' }] })
const ApiKeyInputSchema = Type.Union([
  Type.Object({ kind: OneOf(['service'], 'A program of the agency.'), ...KeyFields }, closed),
  Type.Object({ kind: OneOf(['staff'], 'A person who works for the agency.'), staffId: IdOf('staff'), ...KeyFields }, closed),
], { title: 'ApiKeyInput', examples: [{ kind: 'service', name: 'Nightly import', scopes: ['placements:write'] }] })
export type ApiKeyInput = Static<typeof ApiKeyInputSchema>

const StaffInputSchema = Type.Object({
  name: Text(200, 'Full name.', ['Mei Tan']), email: Type.String({ format: 'email', maxLength: 254, description: 'Work address.', examples: ['mei@example.com'] }), role: OneOf(roles, 'What they may do.'),
}, { title: 'StaffInput', ...closed, examples: [{ name: 'Mei Tan', email: 'mei@example.com', role: 'collector' }] })
export type StaffInput = Static<typeof StaffInputSchema>
const Staff = Type.Object({ id: IdOf('staff'), name: Type.String({ description: 'Full name.' }), email: Type.String({ description: 'Work address, masked.' }), role: OneOf(roles, 'What they may do.'), createdAt: Instant }, { title: 'Staff' })

const TestClock = Type.Object({
  id: IdOf('testClock'), state: OneOf(['ready', 'advancing'], 'Whether the clock has arrived.'), nowAt: Instant, targetAt: Nullable(Instant),
}, { title: 'TestClock' })

/** Refuses a time zone that is well written but does not exist. */
const checkZone = (timeZone: string, pointer: string): void => {
  if (!isTimeZone(timeZone)) throw InvalidRequest({}, { violations: [{ pointer, message: 'is not a time zone of the IANA database' }] })
}

/** An agency's id made from the operator's Idempotency-Key, so that a repeat meets the stored answer; a fresh one without a key. */
function tenantIdFor (key: string | string[] | undefined) {
  if (typeof key !== 'string') return newId('tenant')
  const hex = createHash('sha256').update(`tenant:${key}`).digest('hex')
  return idOf('tenant', `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`)
}

export const api: Api = (app, { db, vault }) => {
  const tags = ['tenants']

  app.post('/v1/tenants', {
    config: { scope: 'operator' },
    schema: {
      operationId: 'createTenant', tags, summary: 'Create an agency', description: 'Creates an agency and answers its first administrator\'s key, once.',
      body: TenantInputSchema, response: { 201: NewTenant, ...problems(NotASandbox, Conflict) },
    },
  }, async (req, reply) => {
    checkZone(req.body.timeZone, '/timeZone')
    const { livemode } = req.body
    // The operator belongs to no agency: for this one request the new agency is the caller's.
    req.caller = { ...req.caller, tenantId: tenantIdFor(req.headers['idempotency-key']), livemode }
    return await reply.code(201).send(await req.tx(async tx => await createTenant(tx, vault, req.body, newSecret())))
  })

  app.get('/v1/tenants', {
    config: { scope: 'operator' },
    schema: {
      operationId: 'listTenants', tags, summary: 'List agencies', description: 'All agencies of the installation, by id. For the operator.',
      querystring: Type.Object(PageQuery, closed), response: { 200: Page(Tenant, 'TenantPage') },
    },
  }, async req => {
    const page = await db.installation(async tx => await listTenants(tx, keyset(req.query)))
    return { ...page, data: page.data.map(({ tenantId, ...tenant }) => ({ id: tenantId, ...tenant })) }
  })

  app.get('/v1/tenant', {
    config: { scope: 'tenant:read' },
    schema: { operationId: 'getTenant', tags, summary: 'Your agency', description: 'The agency the key belongs to.', response: { 200: Tenant, ...problems(NotFound) } },
  }, async req => {
    const { tenantId, ...tenant } = await req.tx(findTenant)
    return { id: tenantId, ...tenant }
  })

  app.post('/v1/staff', {
    config: { scope: 'staff:write' },
    schema: { operationId: 'createStaff', tags, summary: 'Add a member of staff', description: 'Adds a person who works for the agency. Make them a key with `createApiKey`.', body: StaffInputSchema, response: { 201: Staff, ...problems(Conflict) } },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await createStaff(tx, vault, req.body))))

  app.get('/v1/staff', {
    config: { scope: 'staff:read' },
    schema: { operationId: 'listStaff', tags, summary: 'List staff', description: 'People who work for the agency, by id.', querystring: Type.Object(PageQuery, closed), response: { 200: Page(Staff, 'StaffPage') } },
  }, async req => await req.tx(async tx => {
    const page = await listStaff(tx, keyset(req.query))
    const safe = await vault.safeOf(tx)
    return { ...page, data: page.data.map(row => showStaff(safe, row)) }
  }))

  app.post('/v1/api-keys', {
    config: { scope: 'keys:write' },
    schema: {
      operationId: 'createApiKey', tags, summary: 'Make a key', description: 'Makes a key for a member of staff or a service. Lenders get theirs from `createLenderKey`.',
      body: ApiKeyInputSchema, response: { 201: NewApiKey, ...problems(NotFound, ScopeNotGrantable) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await createApiKey(tx, req.body, newSecret()))))

  app.get('/v1/api-keys', {
    config: { scope: 'keys:read' },
    schema: { operationId: 'listApiKeys', tags, summary: 'List keys', description: 'Keys of the agency by id, revoked ones included. Never the keys themselves.', querystring: Type.Object(PageQuery, closed), response: { 200: Page(ApiKey, 'ApiKeyPage') } },
  }, async req => await req.tx(async tx => await listKeys(tx, keyset(req.query))))

  const keyPath = Type.Object({ apiKeyId: IdOf('apiKey') })

  app.post('/v1/api-keys/:apiKeyId/rotate', {
    config: { scope: 'keys:write' },
    schema: {
      operationId: 'rotateApiKey', tags, summary: 'Replace a key', description: 'Makes a successor with the same rights; the old key keeps working for the overlap.', params: keyPath,
      body: Type.Object({ overlapSeconds: Type.Integer({ minimum: 0, maximum: 30 * 86_400, description: 'How long the old key still works.', examples: [86_400] }) }, { title: 'KeyRotation', ...closed, examples: [{ overlapSeconds: 86_400 }] }),
      response: { 201: NewApiKey, ...problems(NotFound, KeyRevoked) },
    },
  }, async (req, reply) => {
    reply.code(201)
    const successor = await req.tx(async tx => await rotateApiKey(tx, req.params.apiKeyId, req.body.overlapSeconds, newSecret()))
    app.forgetKeys()
    return successor
  })

  app.post('/v1/api-keys/:apiKeyId/revoke', {
    config: { scope: 'keys:write' },
    schema: { operationId: 'revokeApiKey', tags, summary: 'Revoke a key', description: 'The key stops working at once, everywhere.', params: keyPath, response: { 200: ApiKey, ...problems(NotFound, KeyRevoked) } },
  }, async req => {
    const revoked = await req.tx(async tx => await revokeApiKey(tx, req.params.apiKeyId))
    app.forgetKeys()
    return revoked
  })

  app.post('/v1/test-clocks', {
    config: { scope: 'clocks:write' },
    schema: {
      operationId: 'createTestClock', tags, summary: 'Give the sandbox a test clock', description: 'From now on the sandbox\'s time stands still until it is advanced. Live agencies cannot have one.',
      body: Type.Object({ now: Instant }, { title: 'TestClockInput', ...closed, examples: [{ now: '2026-01-05T09:00:00Z' }] }), response: { 201: TestClock, ...problems(NotASandbox, ClockExists) },
    },
  }, async (req, reply) => {
    reply.code(201)
    const clock = await req.tx(async tx => await createTestClock(tx, new Date(req.body.now)))
    // Keys in the cache still say that the agency lives by the wall clock.
    app.forgetKeys()
    return clock
  })

  const clockPath = Type.Object({ testClockId: IdOf('testClock') })

  app.get('/v1/test-clocks/:testClockId', {
    config: { scope: 'tenant:read' },
    schema: { operationId: 'getTestClock', tags, summary: 'Read a test clock', description: 'The sandbox\'s time, and whether it is still on its way.', params: clockPath, response: { 200: TestClock, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const clock = await findTestClock(tx)
    if (clock?.id !== req.params.testClockId) throw NotFound()
    return showClock(clock)
  }))

  app.post('/v1/test-clocks/:testClockId/advance', {
    config: { scope: 'clocks:write' },
    schema: {
      operationId: 'advanceTestClock', tags, summary: 'Let time pass', description: 'Moves the sandbox\'s time forward. Every timer, accrual, reminder and webhook due on the way fires in order; poll the clock, or wait for `testClock.advanced`.', params: clockPath,
      body: Type.Object({ to: Instant }, { title: 'TestClockAdvance', ...closed, examples: [{ to: '2026-04-05T09:00:00Z' }] }),
      response: { 202: TestClock, ...problems(NotFound, ClockBackwards, ClockTooFar, ClockBusy) },
    },
  }, async (req, reply) => await reply.code(202).send(await req.tx(async tx => await advanceTestClock(tx, req.params.testClockId, new Date(req.body.to)))))
}
