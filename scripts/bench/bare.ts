/** A bare Fastify route with one prepared select, without keys, isolation, schemas or logs: what `GET /v1/accounts/{id}` is compared with. */
import Fastify from 'fastify'
import pg from 'pg'

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 32 })
const text = `select id, lender_id, agreement_id, lender_reference, product, currency, jurisdiction, region, time_zone, contract_on, due_on, judged_on, stage, principal, interest,
  penalty, costs, placed_on, closed_at, created_at from accounts where tenant_id = $1 and id = $2`

const app = Fastify()
app.get<{ Params: { tenantId: string, id: string } }>('/accounts/:tenantId/:id', async req => {
  const { rows } = await pool.query({ name: 'account', text, values: [req.params.tenantId, req.params.id] })
  return rows[0]
})
process.stderr.write(`${await app.listen({ port: 0, host: '127.0.0.1' })}\n`)
process.on('SIGTERM', () => { void app.close().then(async () => await pool.end()) })
