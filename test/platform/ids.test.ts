import t from 'tap'
import { idPattern } from '#kernel'
import { newId } from '#platform'

t.test('ids sort in the order they were made, so that a list by id is a list by time', async t => {
  const ids = Array.from({ length: 50_000 }, () => newId('charge'))
  t.same(ids, [...ids].sort())
  t.equal(new Set(ids).size, ids.length)
  const shape = new RegExp(idPattern('charge'))
  t.ok(ids.every(id => shape.test(id) && id[18] === '7' && '89ab'.includes(id[23]!)), 'each is a UUID of version 7')
})
