/**
 * The shapes of figures as the server gives them. Types only; nothing is loaded at run time.
 *
 * @typedef {"window"|"clerk"|"service"|"day"|"hall"} By
 * @typedef {{from: string, to: string}} Period  days of the hall, both included
 *
 * `key` is "" for what belongs to no window, clerk or matter; `excluded`: ratings that a review
 * found mistaken or malicious, which no level counts.
 * Rates are between 0 and 1, or null when there is nothing to divide by.
 * @typedef {{key: string, name: string, services: number, asked: number, rated: number, excluded: number,
 *   very_satisfied: number, satisfied: number, mostly_satisfied: number, dissatisfied: number,
 *   very_dissatisfied: number, negative: number, satisfaction: number|null, rating_rate: number|null,
 *   cases: number, followed_up: number, follow_up_rate: number|null, on_time: number,
 *   on_time_rate: number|null, real_name_negative: number, real_name_followed_up: number}} Row
 * @typedef {{from: string, to: string, by: By, rows: Row[], total: Row}} Figures
 */
export {};
