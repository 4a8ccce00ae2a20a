export { ForeignHub } from './foreign-hub.tsx';
export { ProgramLine } from './program-line.tsx';
export { Revision } from './revision.tsx';
export { Title } from './title.tsx';
