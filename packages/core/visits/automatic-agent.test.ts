import { describe, expect, test } from 'vitest';
import { USER_AGENTS } from '../../../harness/fixtures/web.ts';
import { isAutomatic } from './automatic-agent.ts';

/** Suffixes that apps append to the user agent of their webview. */
const APP_SUFFIXES = [
  'Instagram 309.0.0.11.104 (iPhone14,5; iOS 18_5; de_DE; scale=3.00; 1170x2532; 537288535)',
  '[FBAN/FBIOS;FBAV/443.0.0.23.229;FBBV/548375309;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;FBSV/18.5;FBSS/3]',
  '[FB_IAB/FB4A;FBAV/443.0.0.23.229;]',
  '[LinkedInApp]/9.29.8962',
  'Snapchat/12.62.0.42 (like Safari/8614.3.7.0.0, panda)',
  'musical_ly_32.5.0 JsSdk/2.0 NetType/WIFI Channel/App Store ByteLocale/de',
  'Line/13.20.0',
  'MicroMessenger/8.0.44 NetType/WIFI Language/zh_CN',
  'GSA/439.4.980558000',
  'Teams/24.3.1 Electron/31.0',
  'Outlook/16.0 Edg/154.0.0.0',
  'OneOutlook/1.2024.1',
];

describe('takes for people', () => {
  test('every browser of the fixture', () => {
    expect(USER_AGENTS.length).toBeGreaterThanOrEqual(300);
    expect(USER_AGENTS.filter(isAutomatic)).toEqual([]);
  });

  test.each(APP_SUFFIXES)('those browsers as the webview of an app: %s', (suffix) => {
    expect(USER_AGENTS.filter((browser) => isAutomatic(`${browser} ${suffix}`))).toEqual([]);
  });
});

test.each([
  '',
  'Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.1682',
  'Mozilla/5.0 (Windows NT 10.0; Microsoft Windows 10.0.19045; en-US) PowerShell/7.4.0',
  'Mozilla/5.0 (Linux; Ubuntu 22.04; en-US) PowerShell/7.4.0',
  'Dart/3.2 (dart:io)',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Word/16.89.24090815',
  'Excel/16.78 (Macintosh)',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Word/16.89.24090815',
  'Excel/16.78 (Macintosh)',
  'Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7 Build/TQ3A)',
  'MyApp/1 CFNetwork/1410.0.3 Darwin/22.6.0',
  'com.apple.WebKit.Networking/8614 CFNetwork/1410 Darwin/22.6.0',
  'WhatsApp/2 CFNetwork/1410 Darwin/22.6.0',
  'Mozilla/4.0 (compatible; ms-office; MSOffice 16)',
  'Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Trident/7.0; Microsoft Outlook 16.0; ms-office; MSOffice 16)',
  'Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.12026; Pro)',
  'Microsoft Office/16.0 (Microsoft Outlook 16.0.5290; Pro), Mozilla/4.0 (compatible; ms-office; MSOffice 16)',
  'Microsoft Office Word 2014',
  'Microsoft Office Existence Discovery',
  'MacOutlook/16.78.23100802 (Intelx64 Mac OS X Version 13.6)',
  'Outlook-iOS/723.4027091.prod.iphone (4.2345.0)',
  'Outlook-Android/2.0',
  'okhttp/4.12.0',
  'libcurl/8.1',
  'curl/8.5.0',
  'Wget/1.21.3',
  'python-requests/2.31.0',
  'Python/3.11 aiohttp/3.9.1',
  'Go-http-client/2.0',
  'Java/17.0.2',
  'Apache-HttpClient/4.5.13 (Java/11.0.19)',
  'axios/1.6.2',
  'node',
  'undici',
  'PostmanRuntime/7.36.0',
  'insomnia/2023.5.8',
  'HTTPie/3.2.2',
  'Ruby',
  'libwww-perl/6.67',
  'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
  'WhatsApp/2.23.20.0',
  'TelegramBot (like TwitterBot)',
  'Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)',
  'Mozilla/5.0 (compatible; Iframely/1.3.1)',
  'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) SkypeUriPreview Preview/0.5',
  // The link preview of iMessage.
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0',
  'Microsoft Teams',
  'W3C-checklink/4.81',
  'LinkChecker/10.2',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36',
])('takes for automatic: %s', (userAgent) => {
  expect(isAutomatic(userAgent)).toBe(true);
});
