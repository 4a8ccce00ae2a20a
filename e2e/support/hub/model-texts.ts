/** The opening of the licence that the real repo carries, enough to be recognised. */
export const LICENSE_TEXT = `
                                 Apache License
                           Version 2.0, January 2004
                        http://www.apache.org/licenses/

   TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION

   1. Definitions.

      "License" shall mean the terms and conditions for use, reproduction,
      and distribution as defined by Sections 1 through 9 of this document.

   (This copy is shortened: it belongs to a test fixture, not to a model.)
`;

export function readmeText(id: string): string {
  return `---
library_name: transformers
license: apache-2.0
pipeline_tag: text-generation
---

# ${id}

A repo of the fixture Hub. Names and shapes are real, the weights are generated and mean nothing.
`;
}
