import { world } from './world.ts'
import { receiver } from './receiver.ts'
import { migrateQueues, openQueues } from '../src/platform/jobs/backend.ts'
import { startWorker } from '../src/platform/jobs/relay.ts'
import { drainWebhooks } from '../src/modules/webhooks/index.ts'
const w = await world()
const us = await w.agency({ now: null })
const r = await receiver()
await w.ok(us, 'POST', '/v1/webhook-endpoints', { url: r.url })
await migrateQueues({ postgresUrl: w.url })
const queues = await openQueues({ postgresUrl: w.url })
const worker = await startWorker(w.machine, queues, { concurrency: 4, onError: e => console.log('error', e) })
const lat: number[] = []
for (let i = 0; i < 30; i++) {
  const b = performance.now()
  await w.ok(us, 'POST', '/v1/api-keys', { kind: 'service', name: 'x' })
  await r.until(i + 1)
  lat.push(Math.round(performance.now() - b))
}
console.log('latency ms', lat.sort((a, b) => a - b).join(' '))
// a hanging endpoint and graceful stop
const hang = await receiver(); let release: (() => void) | undefined
hang.reply = (_r, res) => { release = () => res.writeHead(200).end(); return undefined }
await w.ok(us, 'POST', '/v1/webhook-endpoints', { url: hang.url })
await w.ok(us, 'POST', '/v1/api-keys', { kind: 'service', name: 'x' })
await hang.until(1)
const b = performance.now()
setTimeout(() => release?.(), 2000)
await worker.close(); console.log('worker closed', Math.round(performance.now() - b))
await drainWebhooks(w.machine.outside.http); console.log('drained', Math.round(performance.now() - b))
const eps = await w.ok<{ data: { id: string, url: string }[] }>(us, 'GET', '/v1/webhook-endpoints')
for (const e of eps.data) console.log(e.url, JSON.stringify((await w.ok<any>(us, 'GET', `/v1/webhook-endpoints/${e.id}/deliveries?limit=2`)).data.map((d: any) => [d.eventType, d.state, d.attempts])))
console.log(w.failures)
await r.close(); await hang.close(); await w.close()
