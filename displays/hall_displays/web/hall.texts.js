/**
 * The hall screen's words. Key → [Chinese, English].
 * @type {Record<string, [string, string]>}
 */
export const texts = {
  "page": ["大厅叫号屏", "Hall screen"],
  "newest": ["最新叫号", "Latest call"],
  "no_calls": ["暂无叫号", "No calls yet"],
  "recent": ["最近叫号", "Recent calls"],
  "recent.none": ["暂无更早的叫号", "No earlier calls"],
  "queues": ["等候情况", "Waiting"],
  "queues.none": ["暂无办理队列", "No queues"],
  "people": ["{n}人", "{n} waiting"],
  "people.none": ["无人等候", "none waiting"],
  "queue.no_window": ["暂无开放窗口", "No window open"],
  "queue.full": ["今日号已取完", "No more today"],
  "queue.no_more": ["今日已停止取号", "Full for today"],
  "away": ["暂离窗口", "Windows away"],
  "away.none": ["没有窗口暂离", "No window is away"],
  "away.closed": ["暂停服务", "Closed"],
  "away.left": ["暂离", "Away"],
  "away.backup": ["由{name}代办", "{name} stands in"],
  "notices.none": ["暂无公示", "No notices"],
  "wait_here": ["请在休息区等候叫号", "Please take a seat until your number is called"],
};
