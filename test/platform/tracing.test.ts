import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { runJob } from '../../src/platform/jobs/run.ts'
import { openTracing } from '../../src/platform/tracing.ts'
import { operatorKey, world } from '../world.ts'

interface Attribute { key: string, value: { stringValue?: string, intValue?: number } }
interface Span { name: string, traceId: string, spanId: string, parentSpanId?: string, attributes: Attribute[] }
interface Export { resourceSpans: { resource: { attributes: Attribute[] }, scopeSpans: { spans: Span[] }[] }[] }

t.test('requests and work leave spans with an OTLP endpoint, under the caller\'s own trace and without anybody\'s data', async t => {
  const received: Export[] = []
  const collector = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      t.equal(req.url, '/v1/traces')
      received.push(JSON.parse(Buffer.concat(chunks).toString()) as Export)
      res.setHeader('content-type', 'application/json').end('{}')
    })
  }).listen(0, '127.0.0.1')
  await once(collector, 'listening')
  t.teardown(() => collector.close())

  const w = await world()
  t.teardown(w.close)
  const tracing = await openTracing(`http://127.0.0.1:${(collector.address() as AddressInfo).port}/`, 'recoup-test')
  const app = await buildApp({
    db: w.db, vault: w.vault, operatorKey, redis: null, log: false, trustProxy: [], limits: { keyPerMinute: 100, tenantPerMinute: 100, addressPerMinute: 100 }, tracing,
    keyring: { findByHash: async () => await Promise.resolve(null), markUsed: async () => { await Promise.resolve() } },
  }, { db: w.db, machine: w.machine, queues: null, vault: w.vault })
  t.teardown(async () => { await app.close() })

  const us = await w.agency()
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  await app.inject({
    method: 'POST', url: '/v1/tenants?note=secret', headers: { authorization: `Bearer ${operatorKey}`, 'content-type': 'application/json', traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    payload: JSON.stringify({ name: 'Liu Wei Collections', jurisdiction: 'CN', timeZone: 'Asia/Shanghai', livemode: true }),
  })
  await app.inject('/nowhere')
  await runJob({ ...w.machine, tracing }, 'tenants.advanceTestClocks', us.id)
  await t.rejects(tracing.span('outer', {}, async () => await tracing.span('inner', {}, async () => await Promise.reject(new Error('Liu Wei')))))
  await tracing.close()

  const spans = received.flatMap(({ resourceSpans }) => resourceSpans).flatMap(({ scopeSpans }) => scopeSpans).flatMap(({ spans }) => spans)
  const named = (name: string): Span => spans.find(span => span.name === name)!
  t.match(named('createTenant'), { traceId, parentSpanId: '00f067aa0ba902b7' })
  t.match(named('GET unknown'), { name: 'GET unknown' })
  t.match(named('tenants.advanceTestClocks').attributes, [{ key: 'recoup.tenant_id', value: { stringValue: us.id } }])
  t.equal(named('inner').parentSpanId, named('outer').spanId)
  t.match(received[0]!.resourceSpans[0]!.resource.attributes, [{ key: 'service.name', value: { stringValue: 'recoup-test' } }])
  t.notMatch(JSON.stringify(received), /Liu|secret|rk_operator/)
})
