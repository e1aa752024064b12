import t from 'tap'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormatsModule from 'ajv-formats'
import { problemTypes } from '../../src/kernel/index.ts'
import { eventTypes } from '../../src/platform/events/outbox.ts'
import { documentOf } from '../../src/platform/api/openapi.ts'
import { world } from '../world.ts'

interface Media { schema: Schema, example?: unknown, examples?: Record<string, { value: unknown }> }
interface Schema { $ref?: string, title?: string, description?: string, examples?: unknown[], example?: unknown, properties?: Record<string, Schema>, items?: Schema, anyOf?: Schema[], additionalProperties?: unknown, type?: string, const?: unknown }
interface Operation {
  operationId: string, summary?: string, description?: string, tags?: string[], security?: unknown[], parameters?: { name: string, in: string, description?: string }[],
  requestBody?: { content: Record<string, Media> }, responses: Record<string, { description: string, content?: Record<string, Media>, 'x-problems'?: string[] }>
}
interface Document { openapi: string, tags: { name: string }[], paths: Record<string, Record<string, Operation>>, webhooks: Record<string, { post: Operation }>, components: { schemas: Record<string, Schema> } }

const addFormats = addFormatsModule as unknown as (ajv: Ajv2020) => void

t.test('the document is the contract', async t => {
  const w = await world()
  t.teardown(w.close)
  // The boundary of a JSON document.
  const document = JSON.parse(JSON.stringify(documentOf(w.app))) as Document
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))
  const resolve = (schema: Schema): Schema => schema.$ref === undefined ? schema : document.components.schemas[schema.$ref.split('/').at(-1)!]!

  t.test('every operation has one name, a summary, a description written to a customer, and a tag that is explained', async t => {
    const names = operations.map(({ operation }) => operation.operationId)
    t.same(names.filter((name, i) => names.indexOf(name) !== i), [], 'no name twice')
    const tags = new Set(document.tags.map(({ name }) => name))
    for (const { path, method, operation } of operations) {
      const called = `${method} ${path}`
      if (!path.startsWith('/v1/')) t.fail(`${called} is not part of the API`)
      if (!operation.summary || !operation.description) t.fail(`${called} says nothing of itself`)
      if (operation.tags?.length !== 1 || !tags.has(operation.tags[0]!)) t.fail(`${called} has no explained tag`)
    }
  })

  t.test('every body has an example that obeys its schema', async t => {
    const ajv = new Ajv2020({ strict: false })
    addFormats(ajv)
    ajv.addSchema({ $id: 'document', components: document.components })
    const absolute = (schema: unknown): unknown => JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components'))
    for (const { path, method, operation } of operations) {
      const json = operation.requestBody?.content['application/json']
      if (json === undefined) continue
      const examples = [...json.example === undefined ? [] : [json.example], ...Object.values(json.examples ?? {}).map(({ value }) => value), ...resolve(json.schema).examples ?? []]
      if (examples.length === 0) t.fail(`${method} ${path} has no example`)
      const validate = ajv.compile(absolute(json.schema) as object)
      for (const example of examples) t.ok(validate(example), `${method} ${path}: ${ajv.errorsText(validate.errors)}`)
    }
  })

  t.test('every field and parameter is explained', async t => {
    const silent: string[] = []
    const visit = (schema: Schema, at: string): void => {
      if (schema.$ref !== undefined) return
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        const shown = property.anyOf?.find(one => one.type !== 'null') ?? property
        if (property.$ref === undefined && shown.$ref === undefined && (property.description ?? shown.description) === undefined && shown.title === undefined) silent.push(`${at}/${name}`)
        visit(property, `${at}/${name}`)
      }
      if (schema.items !== undefined) visit(schema.items, `${at}/*`)
      for (const one of schema.anyOf ?? []) visit(one, at)
    }
    for (const [name, schema] of Object.entries(document.components.schemas)) visit(schema, name)
    for (const { path, method, operation } of operations) {
      for (const parameter of operation.parameters ?? []) if (!parameter.description) silent.push(`${method} ${path} ?${parameter.name}`)
    }
    t.same(silent, [])
  })

  t.test('bodies are closed: a misspelt field is an error, not a silence', async t => {
    const open = operations.map(({ path, method, operation }) => ({ at: `${method} ${path}`, json: operation.requestBody?.content['application/json'] }))
      .filter(({ json }) => json !== undefined)
      .filter(({ json }) => {
        const schema = resolve(json!.schema)
        return (schema.anyOf ?? [schema]).some(one => resolve(one).type === 'object' && resolve(one).additionalProperties === undefined)
      })
    t.same(open.map(({ at }) => at), [])
  })

  t.test('refusals are declared, and every one declared exists', async t => {
    const known = new Set(problemTypes().map(({ code }) => code))
    const named = operations.flatMap(({ operation }) => Object.values(operation.responses).flatMap(response => response['x-problems'] ?? []))
    t.same(named.filter(code => !known.has(code)), [])
    for (const { path, method, operation } of operations) {
      if (!Object.keys(operation.responses).some(status => status.startsWith('2'))) t.fail(`${method} ${path} never succeeds`)
      // What takes no key says 401 to everybody, so that nobody learns which gateways there are.
      if (path.includes('{') && operation.operationId !== 'receiveGatewayCallback' && operation.responses['404'] === undefined) t.fail(`${method} ${path} does not say that the thing may be missing`)
    }
  })

  t.test('every event is published as a webhook with its schema', async t => {
    t.same(Object.keys(document.webhooks).sort(), eventTypes().map(({ name }) => name).sort())
    for (const [name, { post }] of Object.entries(document.webhooks)) {
      if (!post.description) t.fail(`${name} is not explained`)
      if (!/^[a-z][A-Za-z]*\.[a-z][A-Za-z]*$/.test(name)) t.fail(`${name} is not noun.pastTense`)
    }
  })
})
