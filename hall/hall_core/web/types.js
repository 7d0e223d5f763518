/**
 * The shapes that travel between the server and the pages, as the pages read them (contract.md).
 * Types only; nothing is loaded at run time.
 *
 * @typedef {{low: number, likely?: number, high: number, at_low?: string, at_likely?: string,
 *   at_high?: string, crosses_break?: boolean, assumed?: boolean}} Wait
 *
 * @typedef {{kind: string, name: string, hall: string|null, window: number|null,
 *   device_id: string|null, settings: Record<string, any>, roles?: string[], build?: string,
 *   all_halls?: boolean}} Me
 *
 * @typedef {{clerk_no: string, name: string, title?: string, stars?: number, photo?: string}} ClerkCard
 *
 * @typedef {{reason: string, destination?: string, contact: string, expected_return: string,
 *   backup_clerk: {clerk_no: string, name: string}|null, since: string, clerk_no?: string|null, clerk_name?: string,
 *   overdue_steps?: number}} AbsenceEntry
 *
 * @typedef {{ticket_id: string, number: string, service: string|null, priority: string, cases: number,
 *   call_count: number, called_at: string|null, started_at: string|null, issued_at: string,
 *   requeues: number}} TicketDetail
 *
 * @typedef {{number: number, name: string, name_en?: string, type: string,
 *   state: "closed"|"open"|"calling"|"serving"|"away", ticket: string|null, clerk: ClerkCard|null,
 *   absence: AbsenceEntry|null, queues: string[], services?: string[], phone?: string,
 *   low_counter?: boolean, zone?: string, covered_by?: number|null, covers?: number|null,
 *   held?: string[], absences_before?: AbsenceEntry[], signed_in?: {clerk_no: string, name: string}[], ticket_detail?: TicketDetail|null,
 *   since?: string|null, undo?: {step: "finish"|"no_show", number: string, until: string}|null,
 *   can_no_show_at?: string|null, commands?: string[]}} WindowEntry
 *
 * @typedef {{prefix: string, name: string, name_en?: string, waiting: number, open_windows?: number[],
 *   stopped?: string|null, green?: number}} QueueEntry
 *
 * @typedef {{id: string, name: string, name_en?: string, prefix: string, group?: string,
 *   green?: boolean, minutes?: number, id_required?: boolean}} ServiceEntry
 *
 * @typedef {{alert_id: string, kind: string, window: number|null, level: string, state: string,
 *   since: string, detail?: string, detail_en?: string}} AlertEntry
 *
 * @typedef {{number: string, window: number, at: string}} CallEntry
 * @typedef {{id: string, title: string, body: string, seconds: number}} NoticeEntry
 * @typedef {{start: string, until: string, by_appointment?: boolean}} SessionEntry
 *
 * What is wrong with a device; `place` is an agent's part or a screen, "" the device itself.
 * @typedef {{where: string, device_id: string, place: string, fault: string, since: string}} DeviceFaultEntry
 *
 * The hall's rules that pages state; `week` by ISO weekday 1..7, `queue_sessions` by prefix, `days`
 * by date: the announced ones of the next two weeks (off, or a weekend that is worked).
 * @typedef {{week: Record<string, SessionEntry[]>, queue_sessions?: Record<string, SessionEntry[]>,
 *   days?: Record<string, {workday: boolean, name: string}>,
 *   pin_required: boolean, absence_reasons: string[], quick_absence_reason: string,
 *   quick_absence_min: number, missed_ticket: "void"|"parked", requeue_back: number,
 *   requeue_limit: number, recall_limit: number, no_show_wait: boolean, no_show_after_calls: number,
 *   no_show_after_s: number, no_show_after_green_s: number, tickets_per_person: number,
 *   green_age: number, greens_after_ordinary: number, undo_s: number, public_url: string}} SetupEntry
 *
 * @typedef {{hall: {id: string, name: string, name_en?: string, timezone?: string},
 *   windows: WindowEntry[], queues: QueueEntry[], recent_calls: CallEntry[],
 *   services: ServiceEntry[], setup: SetupEntry, notices: NoticeEntry[], notices_version?: number, alerts?: AlertEntry[],
 *   texts: Record<string, string>, device_faults?: DeviceFaultEntry[]}} HallState
 *
 * @typedef {{id: string, number: string, window: number, text: string, spoken: string,
 *   times: number, audio?: string|null}} Announcement
 *
 * @typedef {{ticket_id: string, number: string, queue: string, state: string, ahead: number,
 *   wait_minutes: Wait|null, token: string, issued_at: string, service?: string|null,
 *   priority?: string, cases?: number}} TicketReply
 */
export {};
