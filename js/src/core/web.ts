// Which addresses the panel may link to or show, whatever the agent says.

const PAGE = /^https?:\/\/\S+$/i;
const IMAGE = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/;

/** Whether a link may lead there. */
export function isPage(url: string): boolean {
  return PAGE.test(url);
}

/** Whether it is an image that nobody needs to be asked for, of a kind that has no scripts. */
export function isImage(url: string): boolean {
  return IMAGE.test(url);
}
