export { type CellColour, type Cells, cellRuns, cellsPicture } from './cells-picture.ts';
export {
  createLayerDrawer,
  DRAWINGS,
  type Drawing,
  type DrawnLayer,
  drawLayer,
  groupToDraw,
  type LayerDrawer,
} from './draw.ts';
export { type Band, type Glyph, type GlyphTensor, glyphOf } from './glyph.ts';
export { glyphPicture } from './glyph-picture.ts';
export { INKS, isRole, type Scheme, TEXTURE_PATHS, textureOf } from './inks.ts';
export { type LayerStrip, type LayerStripFile, layerStrip, type StripBox } from './layer-strip.ts';
export {
  frameOf,
  hexInk,
  type Ink,
  isLiteral,
  type Literal,
  type Mark,
  marksOf,
  monoWidth,
  type NamedInk,
  type Picture,
  ribbonOpacity,
  ribbonPath,
  spokenOf,
  words as pictureWords,
} from './picture.ts';
export { expertReads, layerReads, modelReads, modelReadsEach, type ReadsSummary } from './reads.ts';
export { ROLES, type Role } from './role.ts';
export { layerStripPicture } from './strip-picture.ts';
export { type FileStrip, type Hole, holesOf, type Strips, stripsOf } from './strips.ts';
export { rolesIn, svgOf } from './svg.ts';
export { targetGlyph } from './target-glyph.ts';
