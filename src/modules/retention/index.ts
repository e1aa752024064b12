/**
 * How long what is known of people is kept, and its deletion.
 *
 * When work on a debt ends, the law of the borrower's place is asked how long each kind of record must be kept and from when on personal data may not be. What it says is kept with the decisions
 * that say so; it is asked again when something happens to the debt, at least once a year, and in the moment of deletion. A debt that comes back to work has no terms until it is closed again.
 *
 * When the longest term has run out, the people of the debt are erased: their names, numbers and addresses are destroyed, what was written to them and of them is forgotten by the modules
 * that keep it, and their recordings are to be deleted by whoever stores them. Money, ids and refusals of contact remain. People are deleted whole: somebody whom the same lender knows by another debt
 * that is open, whose terms run, or that is held, is left until that has ended too. A legal hold, an open dispute and a complaint stop deletion.
 *
 * What must never happen: something deleted that a law wants kept or somebody holds; something deleted because no law was known; personal data kept because a job died.
 *
 * Held to: 12 CFR 1006.100; 个人信息保护法 21, 47; 消费金融公司管理办法; 商业银行信用卡业务监督管理办法 68, 70.
 */
export { api } from './api.ts'
export { RetentionDeleted, RetentionScheduled } from './events.ts'
export * as jobs from './jobs.ts'
