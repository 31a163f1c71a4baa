/** Handles prediction requests. */
import type { JudgeParams, Verdict } from "../../messages/models.ts";
import type { Context } from "../context.ts";
import { judge as judgeText } from "../judge_text.ts";

/** Predicts for a text, with each word's contribution. */
export async function judge({ session }: Context, { which, text }: JudgeParams): Promise<Verdict> {
  const subject = await session.subject(which);
  try {
    return { which, ...(await judgeText(subject, text)) };
  } catch (error) {
    // A new training run has replaced the model meanwhile; use the new one.
    const now = await session.subject(which);
    if (now === subject) throw error;
    return { which, ...(await judgeText(now, text)) };
  }
}
