import type { Context, Span } from '@opentelemetry/api'
import type { App } from './api/api.ts'

/** What a span says beside its name and times. Ids and facts of the program only, never anybody's data. */
export type Attributes = Record<string, string | number | boolean>

/** Traces of requests and of work, sent by OTLP. */
export interface Tracing {
  /** Gives every request a span, under the caller's own trace when it sent one. */
  addTo (app: App): void
  /** Runs work in a span, under the one that is open. */
  span<T> (name: string, attributes: Attributes, work: () => Promise<T>): Promise<T>
  /** Sends what has not been sent. */
  close (): Promise<void>
}

/** How long the last spans may take to be sent before a process ends without them. */
const flushTimeoutMs = 5_000

/** Opens traces to an OTLP endpoint over HTTP. The libraries are loaded here and nowhere else: without an endpoint they cost nothing. */
export async function openTracing (endpoint: string, serviceName: string): Promise<Tracing> {
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, context, defaultTextMapGetter, propagation, trace } = await import('@opentelemetry/api')
  const { BatchSpanProcessor, NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node')
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http')
  const { resourceFromAttributes } = await import('@opentelemetry/resources')
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces`, timeoutMillis: flushTimeoutMs })
  const provider = new NodeTracerProvider({ resource: resourceFromAttributes({ 'service.name': serviceName }), spanProcessors: [new BatchSpanProcessor(exporter)] })
  // Also the provider of context across `await`, and of the traceparent header.
  provider.register()
  const tracer = trace.getTracer('recoup')

  return {
    addTo (app) {
      const open = new WeakMap<object, { span: Span, at: Context }>()
      app.addHook('onRequest', (req, _reply, next) => {
        const { operationId } = (req.routeOptions.schema ?? {}) as { operationId?: string }
        const parent = propagation.extract(ROOT_CONTEXT, req.headers, defaultTextMapGetter)
        const span = tracer.startSpan(operationId ?? `${req.method} ${req.routeOptions.url ?? 'unknown'}`, {
          kind: SpanKind.SERVER, attributes: { 'http.request.method': req.method, 'http.route': req.routeOptions.url ?? '', 'recoup.request_id': req.id },
        }, parent)
        const at = trace.setSpan(parent, span)
        open.set(req, { span, at })
        context.with(at, next)
      })
      // A body is read in the connection's own context: the handler must be brought back into the request's.
      app.addHook('preHandler', (req, _reply, next) => {
        const at = open.get(req)?.at
        if (at === undefined) next()
        else context.with(at, next)
      })
      app.addHook('onResponse', (req, reply, next) => {
        const span = open.get(req)?.span
        span?.setAttribute('http.response.status_code', reply.statusCode)
        if (reply.statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR })
        span?.end()
        next()
      })
    },
    async span (name, attributes, work) {
      return await tracer.startActiveSpan(name, { attributes }, async span => {
        try {
          return await work()
        } catch (error) {
          span.setStatus({ code: SpanStatusCode.ERROR })
          throw error
        } finally {
          span.end()
        }
      })
    },
    // An endpoint that is away must not keep a process from ending.
    async close () { await provider.shutdown().catch(() => undefined) },
  }
}
