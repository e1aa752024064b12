import { Type } from 'typebox'
import { Instant, Nullable, OneOf, closed, problems } from '#kernel'
import { Conflict, keyset } from '#platform'
import type { Api } from '#platform'
import { listTenants } from '../tenants/index.ts'
import { rewrapDataKeys, rotateDataKey } from './commands.ts'
import { findResealing, listFieldKeys } from './db.ts'

const DataKey = Type.Object({ version: Type.Integer({ description: 'Version of the key.' }), createdAt: Instant }, { title: 'DataKey' })

const DataKeyList = Type.Object({
  data: Type.Array(DataKey, { description: 'Every key by version; the last one seals. Earlier ones are kept, so that backups stay readable.' }),
  resealing: Nullable(Type.Object({
    version: Type.Integer({ description: 'The key that sealed values are brought under.' }),
    state: OneOf(['running', 'waiting', 'done'], '`running`: values are being re-sealed; `waiting`: they have been, and are looked through once more when every process has the key; `done`: no value is left under an older key.'),
    startedAt: Instant, doneAt: Nullable(Instant),
  }, { description: 'How far the last rotation has come; null when there was none.' })),
}, { title: 'DataKeyList' })

const Rewraps = Type.Object({
  agencies: Type.Integer({ description: 'Agencies looked at.' }), rewrapped: Type.Integer({ description: 'Data keys brought under the current master key.' }),
  nextCursor: Nullable(Type.String({ description: 'Pass as `cursor` to go on; null when every agency was looked at.' })),
}, { title: 'MasterKeyRewraps' })

/** How many agencies one call re-wraps: each is a transaction of its own. */
const agenciesMax = 200

export const api: Api = (app, { db, vault }) => {
  app.post('/v1/data-keys/rotate', {
    config: { scope: 'secrets:rotate' },
    schema: {
      operationId: 'rotateDataKey', tags: ['secrets'], summary: 'Rotate the data key', description: 'Makes the next version of the key that personal data is sealed with. It seals from now on; what was sealed before stays readable and is brought under it in the background.',
      response: { 201: DataKey, ...problems(Conflict) },
    },
  }, async (req, reply) => {
    reply.code(201)
    const key = await req.tx(async tx => await rotateDataKey(tx, vault))
    vault.forgetKeys(req.principal().tenantId)
    return key
  })

  app.get('/v1/data-keys', {
    config: { scope: 'secrets:rotate' },
    schema: { operationId: 'listDataKeys', tags: ['secrets'], summary: 'List data keys', description: 'The versions of the agency\'s data key and how far the last rotation has come. Never the keys themselves.', response: { 200: DataKeyList } },
  }, async req => await req.tx(async tx => {
    const resealing = await findResealing(tx)
    return {
      data: await listFieldKeys(tx),
      resealing: resealing === null ? null : { ...resealing, state: resealing.doneAt !== null ? 'done' as const : resealing.isLastPass && resealing.tableName === null ? 'waiting' as const : 'running' as const },
    }
  }))

  app.post('/v1/operations/master-key-rewraps', {
    config: { scope: 'operator' },
    schema: {
      operationId: 'rewrapMasterKey', tags: ['operations'], summary: 'Retire a master key', description: `Brings the data keys of up to ${agenciesMax} agencies under the first key of RECOUP_MASTER_KEY; repeat with \`nextCursor\` until it is null. Keep the old key configured for two days more: answers kept for Idempotency-Keys are sealed with it. Safe to run again.`,
      body: Type.Object({ cursor: Type.Optional(Type.String({ maxLength: 200, pattern: '^[A-Za-z0-9_-]+$', description: 'Where to go on: `nextCursor` of the answer before.' })) }, { title: 'MasterKeyRewrapInput', ...closed, examples: [{}] }),
      response: { 200: Rewraps },
    },
  }, async req => {
    const page = await db.installation(async tx => await listTenants(tx, { ...keyset(req.body), limit: agenciesMax }))
    let rewrapped = 0
    for (const { tenantId, livemode, clockAt } of page.data) {
      const principal = { tenantId, livemode, hasTestClock: clockAt !== null, actor: { kind: 'operator' as const, id: null }, correlationId: req.id }
      rewrapped += await db.withTenant(principal, async tx => await rewrapDataKeys(tx, vault))
    }
    return { agencies: page.data.length, rewrapped, nextCursor: page.nextCursor }
  })
}
