import type { ErrorTag } from '../errors.ts';
import { FINDINGS, type FindingTag } from './finding-tags.ts';
import type { Finding } from './types.ts';

/** A finding with the severity that its tag has. */
export function finding(
  tag: FindingTag,
  message: string,
  where: { file?: string | undefined; tensor?: string | undefined; cause?: ErrorTag | undefined } = {},
): Finding {
  return {
    tag,
    message,
    severity: FINDINGS[tag].severity,
    ...(where.file === undefined ? {} : { file: where.file }),
    ...(where.tensor === undefined ? {} : { tensor: where.tensor }),
    ...(where.cause === undefined ? {} : { cause: where.cause }),
  };
}
