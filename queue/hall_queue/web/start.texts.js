/**
 * The words of the kiosk's start page. Key → [Chinese, English].
 * @type {Record<string, [string, string]>}
 */
export const texts = {
  "starting.title": ["正在启动，请稍候", "Starting, one moment"],
  "starting.who": ["服务器已应答，还没有准备好。通常一分钟内完成。", "The server answers but is not ready yet. This usually takes less than a minute."],
  "cable.title": ["没有网络", "No network"],
  "cable.who": ["请检查本机背后的网线是否插好、交换机是否有电。", "Please check the network cable behind this machine, and that the switch has power."],
  "server.title": ["服务器没有应答", "The server does not answer"],
  "server.who": ["请检查服务器是否开机，地址是否正确：{server}", "Please check that the server is on and that this is its address: {server}"],
  "other.title": ["这个地址不是大厅服务器", "This is not the hall's server"],
  "other.who": ["请核对 agent.toml 里的服务器地址：{server}", "Please check the server's address in agent.toml: {server}"],
  "agent.title": ["取号机程序没有运行", "The kiosk's program is not running"],
  "agent.who": ["请重新启动本机；如一直如此请联系管理员。", "Please restart this machine. If this goes on, call the administrator."],
  "clock": ["本机时间与服务器相差 {minutes} 分钟，请校准本机时间。", "This machine's clock is {minutes} minutes off. Please set it."],
  "citizen.title": ["请到导办台取号", "Please take a ticket at the guide desk"],
  "citizen.kept": ["已经取到的号码继续有效", "Tickets you already hold stay valid"],
  "again": ["正在重新连接，恢复后自动进入取号页面", "Trying again; the ticket page opens by itself"],
};
