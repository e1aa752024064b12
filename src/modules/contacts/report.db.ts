import { asc, and, eq, gte, lte, sql } from 'drizzle-orm'
import { addDays, uuidOf } from '#kernel'
import type { CalendarDay } from '#kernel'
import { texts } from '#platform'
import type { Tx } from '#platform'
import type { AttemptChannel } from './core.ts'
import { lookBackDays } from './report.core.ts'
import type { Cap, LimitDay, PressureDay } from './report.core.ts'
import { permitDenials } from './tables.ts'

/** Counts that a permit was not given on a day, for each rule that stood in the way. */
export async function insertDenials (tx: Tx, on: CalendarDay, channel: AttemptChannel, rules: readonly string[]): Promise<void> {
  if (rules.length === 0) return
  await tx.execute(sql`insert into permit_denials as d (tenant_id, denied_on, channel, rule, count) select ${uuidOf(tx.ctx.tenantId)}::uuid, ${on}::date, ${channel}, rule, 1
    from (select distinct rule from unnest(${texts(rules)}) as r (rule) order by 1) r on conflict (tenant_id, denied_on, channel, rule) do update set count = d.count + 1`)
}

/** How often permits were not given, by day, channel and rule. */
export const listDenials = async (tx: Tx, from: CalendarDay, to: CalendarDay) =>
  await tx.select({ on: permitDenials.deniedOn, channel: permitDenials.channel, rule: permitDenials.rule, count: permitDenials.count }).from(permitDenials)
    .where(and(eq(permitDenials.tenantId, tx.ctx.tenantId), gte(permitDenials.deniedOn, from), lte(permitDenials.deniedOn, to))).orderBy(asc(permitDenials.deniedOn), asc(permitDenials.channel), asc(permitDenials.rule))

/** A day of a borrower's begins and ends within so many days of one in UTC. */
const zoneDays = 1

/**
 * The agency's own contacts of a range, by the borrower's day and channel, and how near people came to what the rules that count allow. One statement over the contacts of the range and of what
 * windows look back to; nobody is named.
 */
export async function countPressure (tx: Tx, caps: readonly Cap[], from: CalendarDay, to: CalendarDay): Promise<{ days: PressureDay[], limits: LimitDay[] }> {
  const known = JSON.stringify(caps.map(({ lenderId, ...cap }) => ({ ...cap, lenderId: lenderId === null ? null : uuidOf(lenderId) })))
  const range = sql`between ${from}::date and ${to}::date`
  const { rows } = await tx.execute(sql`
    with caps as materialized (
      select * from jsonb_to_recordset(${known}::jsonb) as c (rule text, "limit" int, "window" text, days int, jurisdiction text, regions text[], "lenderId" uuid, "from" date, "to" date, channels text[], outcomes text[], excluded text[], "isByDebt" bool, "isByNumber" bool)
    ), made as materialized (
      select (t.at at time zone a.time_zone)::date as "on", t.channel, t.person_key, t.account_id, t.lender_id, t.value_index, t.outcome, a.jurisdiction, a.region,
        t.outcome <> 'pending' and (not t.was_lawful or (t.permitted_until is null and t.message_id is null)) as is_breach
      from contact_attempts t join accounts a on a.tenant_id = t.tenant_id and a.id = t.account_id
      where t.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and t.at >= ${addDays(from, -lookBackDays - zoneDays)}::timestamptz and t.at < ${addDays(to, zoneDays + 1)}::timestamptz and t.direction = 'out' and t.outcome <> 'unused'
    ), person_days as (
      select "on", channel, person_key, count(*) as n from made group by 1, 2, 3
    ), weeks as (
      select "on", channel, n, sum(n) over (partition by channel, person_key order by "on" range between interval '6 days' preceding and current row) as week from person_days
    ), highest as (
      select "on", channel, count(*) as persons, max(n) as per_day, max(week) as per_week from weeks where "on" ${range} group by 1, 2
    ), days as (
      select "on", channel, count(*) as attempts, count(*) filter (where is_breach) as breaches from made where "on" ${range} group by 1, 2
    ), counted as materialized (
      select c.rule, c."limit", c."window", c.days, m."on", m.person_key, case when c."isByDebt" then m.account_id end as account_id, case when c."isByNumber" then m.value_index end as value_index, count(*) as n
      from made m join caps c on c.jurisdiction = m.jurisdiction and (c.regions is null or m.region is null or m.region = any(c.regions)) and (c."lenderId" is null or c."lenderId" = m.lender_id) and m.channel = any(c.channels)
        and m."on" >= c."from" and (c."to" is null or m."on" <= c."to")
        and (m.outcome = 'pending' or ((c.outcomes is null or m.outcome = any(c.outcomes)) and not m.outcome = any(c.excluded)))
      group by 1, 2, 3, 4, 5, 6, 7, 8
    ), windows as (
      select k.rule, k."limit", k."on", k.person_key, sum(p.n) as total from counted k
      join counted p on p.rule = k.rule and p.person_key = k.person_key and p.account_id is not distinct from k.account_id and p.value_index is not distinct from k.value_index and p."on" <= k."on"
        and p."on" >= case k."window" when 'rollingDays' then k."on" - (k.days - 1) when 'calendarMonth' then date_trunc('month', k."on")::date else k."on" end
      where k."on" ${range} group by k.rule, k."limit", k."on", k.person_key, k.account_id, k.value_index
    ), limits as (
      select rule, "on", max(total) as highest, count(distinct person_key) filter (where total = "limit" - 1) as one_below, count(distinct person_key) filter (where total >= "limit") as at_limit from windows group by 1, 2
    )
    select 'day' as kind, d."on", d.channel as name, d.attempts as a, h.persons as b, h.per_day as c, h.per_week as d, d.breaches as e from days d join highest h using ("on", channel)
    union all select 'limit', "on", rule, highest, one_below, at_limit, 0, 0 from limits order by 1, 2, 3`)
  const number = (row: Record<string, unknown>, name: string): number => Number(row[name])
  const of = (kind: string): Record<string, unknown>[] => rows.filter(row => row['kind'] === kind)
  return {
    // What is in the table was checked when it was written.
    days: of('day').map(row => ({ on: String(row['on']), channel: row['name'] as AttemptChannel, attempts: number(row, 'a'), persons: number(row, 'b'), highestPerDay: number(row, 'c'), highestPerWeek: number(row, 'd'), breaches: number(row, 'e') })),
    limits: of('limit').map(row => ({ on: String(row['on']), rule: String(row['name']), highest: number(row, 'a'), personsOneBelow: number(row, 'b'), personsAtLimit: number(row, 'c') })),
  }
}
