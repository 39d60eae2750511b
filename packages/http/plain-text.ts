import { z } from 'zod';

/**
 * Controls, half characters, breaks of lines, and what shows nothing or turns the order of text round (Unicode's default
 * ignorables). Joiners, marks of direction and variation selectors stay: Persian, Hebrew, Japanese and emoji need them.
 */
const HIDDEN =
  /[[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB]--[\p{Variation_Selector}\u061C\u200C-\u200F]]/v;
/** Flags such as Scotland's hold hidden letters (UTS 51, emoji tag sequences). */
const FLAG = /\u{1F3F4}[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{1,6}\u{E007F}/gu;
const VISIBLE = /[^\s\p{Default_Ignorable_Code_Point}]/u;

/** Text of one line that every store can hold, and that shows all that it is. */
export function plainText(maxLength: number): z.ZodString {
  return z
    .string()
    .max(maxLength, `must have at most ${maxLength} characters`)
    .refine(
      (text) => !HIDDEN.test(text.replaceAll(FLAG, '')),
      'must not contain control characters, nor invisible ones',
    );
}

/** The same where something must be seen. */
export function visibleText(maxLength: number): z.ZodString {
  return plainText(maxLength).refine((text) => VISIBLE.test(text), 'must not be empty');
}
