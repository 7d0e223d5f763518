/**
 * The rating pad's words. Key → [Chinese, English].
 * @type {Record<string, [string, string]>}
 */
export const texts = {
  "page": ["评价器", "Rating pad"],
  "window": ["{n}号窗口", "Window {n}"],
  "unbound": ["本评价器尚未指定窗口", "This pad has no window yet"],
  "unbound.text": ["请管理员在“设备”中重新配对，并选择窗口", "Please pair it again in Admin, Devices, with a window"],
  "unknown": ["没有{n}号窗口", "There is no window {n}"],
  "unknown.text": ["请管理员检查设置", "Please ask the administrator to check the settings"],

  "services": ["办理事项", "Services"],
  "services.all": ["综合业务", "All services"],
  "services.more": ["等 {n} 项", "{n} in all"],
  "phone": ["咨询电话", "Phone"],
  "now.open": ["欢迎办理业务", "Welcome"],
  "now.calling.before": ["请", "Number"],
  "now.calling.after": ["到本窗口办理", "please come here"],
  "now.serving": ["正在办理", "Now serving"],
  "closed": ["暂停服务", "Closed"],
  "go_to": ["请到{n}号窗口办理", "Please go to window {n}"],
  "away": ["暂时离开", "Away"],
  "away.reason": ["事由", "Reason"],
  "away.destination": ["去向", "Where"],
  "away.contact": ["联系", "Contact"],
  "away.return": ["预计返回", "Back at"],
  "away.was_due": ["原定返回", "Was due back at"],
  "away.backup": ["代办", "Stand-in"],
  "away.wait": ["请稍候，急需办理请到导办台", "Please wait, or ask at the guide desk"],

  "ask": ["请您对本次服务进行评价", "How was our service?"],
  "ask.number": ["号票", "Ticket"],
  "ask.service": ["办理事项", "Service"],
  "ask.voluntary": ["自愿评价，窗口人员看不到是谁评的", "Rating is voluntary. The clerk does not see who rated."],
  "ask.decline": ["不评价", "No, thanks"],

  "more.title": ["已记下您的评价", "Your rating counts"],
  "more.send": ["提交", "Send"],
  "more.later": ["{n} 秒后自动提交", "Sent by itself in {n} s"],

  "thanks.recorded": ["谢谢您的评价", "Thank you for rating"],
  "thanks.recorded.text": ["您的意见我们会认真对待", "What you say is taken seriously"],
  "thanks.already": ["本次服务已经评价过了", "This service was rated already"],
  "thanks.already.text": ["每次服务评价一次，无需重复评价", "One rating for each service is enough"],
  "thanks.refused": ["这次评价没有记下", "This rating was not recorded"],
  "thanks.refused.text": ["本次服务的评价已经结束；如有意见请告诉工作人员", "Rating for this service has ended. Please tell the staff what you wish to say."],
  "thanks.kept": ["网络中断，您的评价已保存在本机，恢复后自动送出", "No connection. Your rating is kept here and sent by itself later."],
  "thanks.unsaved": ["网络中断，本机也无法保存。请把意见告诉工作人员，谢谢", "No connection, and this pad cannot keep your rating. Please tell the staff."],

  "kept": ["有 {n} 条评价待送出", "{n} {n|rating|ratings} waiting to be sent"],
  "offline": ["网络中断，正在重新连接", "No connection, reconnecting"],
  "offline.text": ["评价会保存在本机，恢复后自动送出", "Ratings are kept here and sent later"],
  "offline.idle": ["窗口照常办理业务", "The window is working as usual"],
  "silent": ["无声音", "No sound"],
  "web": ["请在下面评价", "Please rate below"],
  "web.done": ["完成", "Done"],
};
