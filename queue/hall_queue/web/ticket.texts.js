/**
 * The words of the citizen's phone page. Key → [Chinese, English].
 * @type {Record<string, [string, string]>}
 */
export const texts = {
  "phone.title": ["我的号票", "My ticket"],
  "phone.smaller": ["字小", "A−"],
  "phone.larger": ["字大", "A+"],
  "phone.smaller_label": ["缩小文字", "Smaller text"],
  "phone.larger_label": ["放大文字", "Larger text"],
  "phone.loading": ["正在查询", "Loading"],

  "phone.ahead": ["前面还有", "Ahead of you"],
  "phone.people": ["{n} 人", "{n} {n|person|people}"],
  "phone.place": ["您的位置", "Your place"],
  "phone.next": ["下一个就是您", "You are next"],
  "phone.wait": ["预计等候", "Waiting time"],
  "phone.wait_clock": ["预计叫号", "Expected call"],
  "phone.service": ["办理业务", "Service"],
  "phone.issued": ["取号时间", "Taken at"],
  "phone.updated": ["{at} 更新", "Updated {at}"],
  "phone.stay": ["请在大厅休息区等候，叫到您时本页会提示并振动", "Please wait in the hall. This page tells you when you are called."],

  "phone.go": ["请到", "Please go to"],
  "phone.window": ["{n}号窗口", "Window {n}"],
  "phone.called_title": ["{number} 请到{n}号窗口", "{number}: window {n}"],
  "phone.serving": ["正在{n}号窗口办理", "Being served at window {n}"],
  "phone.held": ["窗口会再次叫您，请在休息区等候", "The window will call you again. Please take a seat."],
  "phone.finished": ["已办结", "Finished"],
  "phone.finished_text": ["感谢您的到来。", "Thank you for coming."],
  "phone.no_show": ["您已过号", "You missed your call"],
  "phone.no_show_parked": ["请到取号机签到，或告诉窗口人员，可以重新排队。", "Check in at the kiosk or tell a clerk, and you are placed back in line."],
  "phone.no_show_void": ["此号已作废，如需办理请重新取号。", "This ticket is no longer valid. Please take a new one."],
  "phone.cancelled": ["已取消", "Cancelled"],
  "phone.cancelled_text": ["如需办理，请重新取号。", "Please take a new ticket if you need one."],
  "phone.expired": ["已失效", "Expired"],
  "phone.expired_text": ["号票当天有效。如需办理，请重新取号。", "Tickets are valid for one day. Please take a new one."],
  "phone.unknown": ["没有找到这张号票", "Ticket not found"],
  "phone.unknown_text": ["它可能已经过期。请核对网址，或到导办台咨询。", "It may have expired. Please check the address or ask at the guide desk."],

  "phone.cancel": ["取消排队", "Give up my place"],
  "phone.cancel_title": ["取消 {number} 吗？", "Cancel {number}?"],
  "phone.cancel_text": ["取消后位置不保留，需要重新取号。", "Your place will be lost; you would need a new ticket."],
  "phone.cancel_yes": ["取消排队", "Cancel the ticket"],
  "phone.not_cancelled": ["没有取消成功", "Not cancelled. Please ask at the guide desk."],
  "phone.cancel_no": ["继续等候", "Keep waiting"],

  "phone.offline_title": ["网络中断，正在重新连接", "No connection, reconnecting"],
  "phone.offline_text": ["请留意大厅屏幕和语音", "Please watch the screens in the hall"],
};
