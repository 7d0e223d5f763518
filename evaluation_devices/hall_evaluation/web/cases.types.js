/**
 * The shapes of cases as the server gives them. Types only; nothing is loaded at run time.
 *
 * @typedef {"open"|"assigned"|"contacted"|"rectifying"|"appealed"|"settled"|"closed"} CaseState
 * @typedef {"assign"|"contact"|"settle"|"rectify"|"explain"|"appeal"|"review"|"close"|"reopen"} Command
 *
 * @typedef {{step: string, at: string, overdue: boolean}} Due
 * @typedef {{name: string, phone: string}} Contact
 *
 * @typedef {{case_id: string, hall: string, kind: string, source: string, state: CaseState,
 *   opened_at: string, window: number|null, clerk: {clerk_no: string, name: string}|null,
 *   service: string|null, level: import("./levels.js").Level|null, reasons: string[], reasons_en: string[],
 *   text: string, assignee: string|null, real_name: boolean, contact: Contact|null,
 *   due: Due|null, last_due: string, overdue: boolean, number: string|null, order_no: string|null, outcome: string|null}} Case
 *   `overdue`: a step, or the case as a whole
 *
 * @typedef {{at: string, actor: string, command: string, text: string, due: string|null,
 *   assignee: string|null, reached: boolean|null, outcome: string|null,
 *   late: string|null, told: "hall"|"supervision"|null}} Step
 * @typedef {Case & {steps: Step[], commands: Command[]}} CaseDetail
 *   `commands`: what the caller may do about it now, the likeliest first
 */
export {};
