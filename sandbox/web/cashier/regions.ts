// Names of the regions that have a rate of their own: `Intl` names countries only.

const ENGLISH =
  "CA-AB Alberta|CA-BC British Columbia|CA-MB Manitoba|CA-NB New Brunswick|CA-NL Newfoundland and Labrador|CA-NS Nova Scotia|CA-NT Northwest Territories|CA-NU Nunavut|CA-ON Ontario|CA-PE Prince Edward Island|CA-QC Québec|CA-SK Saskatchewan|CA-YT Yukon|ES-CE Ceuta|ES-CN Canary Islands|ES-ML Melilla|PT-20 Azores|PT-30 Madeira|US-AK Alaska|US-AL Alabama|US-AR Arkansas|US-AZ Arizona|US-CA California|US-CO Colorado|US-CT Connecticut|US-DC District of Columbia|US-DE Delaware|US-FL Florida|US-GA Georgia|US-HI Hawaii|US-IA Iowa|US-ID Idaho|US-IL Illinois|US-IN Indiana|US-KS Kansas|US-KY Kentucky|US-LA Louisiana|US-MA Massachusetts|US-MD Maryland|US-ME Maine|US-MI Michigan|US-MN Minnesota|US-MO Missouri|US-MS Mississippi|US-MT Montana|US-NC North Carolina|US-ND North Dakota|US-NE Nebraska|US-NH New Hampshire|US-NJ New Jersey|US-NM New Mexico|US-NV Nevada|US-NY New York|US-OH Ohio|US-OK Oklahoma|US-OR Oregon|US-PA Pennsylvania|US-RI Rhode Island|US-SC South Carolina|US-SD South Dakota|US-TN Tennessee|US-TX Texas|US-UT Utah|US-VA Virginia|US-VT Vermont|US-WA Washington|US-WI Wisconsin|US-WV West Virginia|US-WY Wyoming";

const CHINESE =
  "CA-AB 艾伯塔|CA-BC 不列颠哥伦比亚|CA-MB 马尼托巴|CA-NB 新不伦瑞克|CA-NL 纽芬兰与拉布拉多|CA-NS 新斯科舍|CA-NT 西北地区|CA-NU 努纳武特|CA-ON 安大略|CA-PE 爱德华王子岛|CA-QC 魁北克|CA-SK 萨斯喀彻温|CA-YT 育空|ES-CE 休达|ES-CN 加那利群岛|ES-ML 梅利利亚|PT-20 亚速尔群岛|PT-30 马德拉|US-AK 阿拉斯加|US-AL 亚拉巴马|US-AR 阿肯色|US-AZ 亚利桑那|US-CA 加利福尼亚|US-CO 科罗拉多|US-CT 康涅狄格|US-DC 哥伦比亚特区|US-DE 特拉华|US-FL 佛罗里达|US-GA 佐治亚|US-HI 夏威夷|US-IA 艾奥瓦|US-ID 爱达荷|US-IL 伊利诺伊|US-IN 印第安纳|US-KS 堪萨斯|US-KY 肯塔基|US-LA 路易斯安那|US-MA 马萨诸塞|US-MD 马里兰|US-ME 缅因|US-MI 密歇根|US-MN 明尼苏达|US-MO 密苏里|US-MS 密西西比|US-MT 蒙大拿|US-NC 北卡罗来纳|US-ND 北达科他|US-NE 内布拉斯加|US-NH 新罕布什尔|US-NJ 新泽西|US-NM 新墨西哥|US-NV 内华达|US-NY 纽约|US-OH 俄亥俄|US-OK 俄克拉何马|US-OR 俄勒冈|US-PA 宾夕法尼亚|US-RI 罗得岛|US-SC 南卡罗来纳|US-SD 南达科他|US-TN 田纳西|US-TX 得克萨斯|US-UT 犹他|US-VA 弗吉尼亚|US-VT 佛蒙特|US-WA 华盛顿|US-WI 威斯康星|US-WV 西弗吉尼亚|US-WY 怀俄明";

const read = (text: string) =>
  new Map(text.split("|").map((entry) => [entry.slice(0, 5), entry.slice(6)]));

const NAMES = { en: read(ENGLISH), zh: read(CHINESE) };

/** Names a region such as `US-CA`; one without a name is called by its code. */
export function regionName(place: string, language: "en" | "zh"): string {
  return NAMES[language].get(place) ?? place;
}
