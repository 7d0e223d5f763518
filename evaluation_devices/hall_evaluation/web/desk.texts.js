/**
 * The words that the case page and the figures page share.
 * Key → [Chinese, English].
 * @type {Record<string, [string, string]>}
 */
export const deskTexts = {
  "desk.hall": ["大厅", "Hall"],
  "desk.all_halls": ["全部大厅（{n}个）", "All halls ({n})"],
  "desk.none.title": ["没有可以查看的大厅", "No hall to look at"],
  "desk.none.text": ["这个账号的管辖范围内还没有大厅，请系统管理员核对账号范围。", "There is no hall in this account's scope. Ask the system administrator to check it."],
  "desk.failed": ["没有读到：{reason}", "Could not be read: {reason}"],
  "desk.day": ["{month}月{day}日", "{day} {month_name}"],
  "desk.clerk": ["{name}（{no}）", "{name} ({no})"],
};
