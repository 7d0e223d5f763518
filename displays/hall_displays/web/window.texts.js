/**
 * The window screen's words. Key → [Chinese, English].
 * @type {Record<string, [string, string]>}
 */
export const texts = {
  "page": ["窗口屏", "Window screen"],
  "serving": ["正在办理", "Now serving"],
  "welcome": ["热情为您服务", "Welcome"],
  "closed": ["暂停服务", "Closed"],
  "away": ["暂时离开", "Away"],
  "away.reason": ["事由", "Reason"],
  "away.destination": ["去向", "Where"],
  "away.contact": ["联系", "Contact"],
  "away.return": ["预计返回", "Back at"],
  "away.was_due": ["原定返回", "Was due back at"],
  "away.backup": ["代办", "Stand-in"],
  "away.wait": ["请稍候，急需办理请到导办台", "Please wait, or ask at the guide desk"],
  "covered": ["本窗口业务请到", "This window's services: please go to"],
  "stands_in": ["{name}{reason}，{back}，现由{other}为您服务", "{name} is away ({reason}). {back}. {other} serves you"],
  "moved": ["{number} 请到{n}号窗口", "{number}, please go to window {n}"],
  "clerk_no": ["工号", "No."],
  "services": ["办理事项", "Services"],
  "services.all": ["综合业务", "All services"],
  "phone": ["电话", "Phone"],
  "unbound": ["本屏尚未指定窗口，请管理员在“设备”中设置", "This screen has no window yet. Set one in Admin, Devices."],
  "unknown": ["没有{n}号窗口，请管理员检查设置", "There is no window {n}. Please check the settings."],
  "stars": ["{n}星", "{n} stars"],
};
