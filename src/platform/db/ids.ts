import { v7 } from 'uuid'
import { idOf } from '#kernel'
import type { Id, IdKind } from '#kernel'

/** Mints an id: a UUID version 7, so that ids sort by the time they were made. */
export const newId = <K extends IdKind>(kind: K): Id<K> => idOf(kind, v7())
