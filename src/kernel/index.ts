/**
 * The words everybody speaks: ids, money, time, problems, pages and the context of an act.
 * Nothing here does I/O, reads a clock or knows a module.
 */
export * from './balance.ts'
export * from './ctx.ts'
export * from './dayCount.ts'
export * from './errors.ts'
export * from './ids.ts'
export * from './money.ts'
export * from './page.ts'
export * from './permit.ts'
export * from './rational.ts'
export * from './schema.ts'
export * from './time.ts'
