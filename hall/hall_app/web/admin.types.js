/**
 * The shapes of a hall's setup as the server has them (hall_core/setup.py), and what the
 * administration's tabs share. Types only; nothing is loaded at run time.
 *
 * @typedef {import("./hours.js").Session} Session
 * @typedef {{prefix: string, name: string, name_en: string, daily_limit: number|null, sessions: Session[]|null}} Queue
 * @typedef {{id: string, name: string, prefix: string, name_en: string, minutes: number, case_type: string,
 *   id_required: boolean, green: boolean, extended: boolean, group: string}} Service
 * @typedef {{prefix: string, priority: number}} ServedQueue
 * @typedef {{number: number, name: string, name_en: string, kind: string, queues: ServedQueue[], phone: string,
 *   low_counter: boolean, zone: string}} Window
 * @typedef {{clerk_no: string, name: string, title: string, windows: number[], stars: number, photo: string}} Clerk
 * @typedef {Record<string, any> & {week: Record<string, Session[]>, absence_reasons: string[],
 *   pin_required: boolean}} Settings
 * @typedef {{version: number, settings: Settings, queues: Queue[], services: Service[], windows: Window[], clerks: Clerk[]}} Setup
 *
 * @typedef {{id: string, name: string, name_en?: string, region: string, level: string}} HallRef
 * @typedef {{device_id: string, kind: string, window: number|null, name: string, settings: Record<string, any>,
 *   paired_at: string, revoked: boolean, connected: boolean, last_seen: string|null,
 *   faults: {place: string, fault: string, text: string, text_en: string, since: string}[], version?: string,
 *   parts?: {name: string, kind: string}[]}} Device  `parts`: what an agent drives
 * @typedef {{name: string, roles: string[], halls: string[]|null, regions: string[]|null, disabled: boolean,
 *   locked_until: string|null, created_at: string, clerk_no?: string|null, clerk_hall?: string|null}} User
 *
 * @typedef {{
 *   draw: () => void,
 *   changed?: (parts: string[]) => void,
 *   save?: () => Promise<boolean>,
 *   stop?: () => void,
 *   open?: (key: string) => void,
 * }} Tab  `draw` anew (also in another language), `changed` after the stream or the setup changed,
 *   `save` what is unsaved (true when it is saved), `stop` before it is left, `open` an entry by key
 */
export {};
