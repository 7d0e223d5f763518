/**
 * The words for rating on a phone. Key → [Chinese, English].
 * @type {Record<string, [string, string]>}
 */
export const texts = {
  "rate.title": ["为本次服务评价", "Rate this service"],
  "rate.by": ["{n}号窗口", "Window {n}"],
  "rate.until": ["{day}结束前都可以评价", "You can rate until the end of {day}"],
  "rate.late": ["现在是补充评价，{day}结束前都可以", "This is a late rating, possible until the end of {day}"],
  "rate.voluntary": ["自愿评价，窗口人员看不到是谁评的", "Rating is voluntary. The clerk does not see who rated."],
  "rate.send": ["提交评价", "Send"],
  "rate.sending": ["正在提交", "Sending"],
  "rate.again": ["再次提交", "Send again"],
  "rate.failed": ["网络中断，还没有提交成功。您填写的内容都在，请再次提交", "No connection: nothing was sent yet. What you wrote is still here. Please send it again."],
  "rate.thanks": ["谢谢您的评价", "Thank you for rating"],
  "rate.thanks_text": ["您的意见我们会认真对待。", "What you say is taken seriously."],
  "rate.rated": ["本次服务已评价", "This service was rated"],
  "rate.rated_text": ["每次服务评价一次，无需重复评价。", "One rating for each service is enough."],
  "rate.closed": ["评价时间已过", "Rating has ended"],
  "rate.closed_text": ["如有意见，请联系大厅或拨打 12345。", "Please tell the hall or call 12345."],
};
