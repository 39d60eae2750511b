import { z } from '@terse/platform/zod';

/**
 * Controls, lone surrogates, line breaks, and characters that show nothing or reverse the order of text (Unicode's
 * default ignorables). Joiners, direction marks and variation selectors stay: Persian, Hebrew, Japanese and emoji
 * need them.
 */
const HIDDEN =
  /[[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB]--[\p{Variation_Selector}\u061C\u200C-\u200F]]/v;
/** Flags such as Scotland's contain invisible letters (UTS 51, emoji tag sequences). */
const FLAG = /\u{1F3F4}[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{1,6}\u{E007F}/gu;
const VISIBLE = /[^\s\p{Default_Ignorable_Code_Point}]/u;

/** One line of text that every store accepts, without invisible characters. */
export function plainText(maxLength: number): z.ZodString {
  return z
    .string()
    .max(maxLength, `must have at most ${maxLength} characters`)
    .refine(
      (text) => !HIDDEN.test(text.replaceAll(FLAG, '')),
      'must not contain control characters, nor invisible ones',
    );
}

/** `plainText` with at least one visible character. */
export function visibleText(maxLength: number): z.ZodString {
  return plainText(maxLength).refine((text) => VISIBLE.test(text), 'must not be empty');
}
