/** Words in names and keys that speak of experts. */
const ABOUT_EXPERTS = /expert|(^|[._])moe([._]|$)|_exps([._]|$)/i;
const SHARED = /shared_?(expert|mlp)|share_expert/i;

/** True where a name speaks of routed experts, whether or not any layout has it. */
export function speaksOfExperts(name: string): boolean {
  return ABOUT_EXPERTS.test(name) && !SHARED.test(name);
}
