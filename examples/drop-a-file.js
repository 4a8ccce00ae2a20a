import { inspectCheckpoint, openCheckpoint } from '../dist/lib/layouts.js';
import { blobFiles } from '../dist/lib/safetensors.js';

const output = document.querySelector('pre');
async function show(chosen) {
  const entries = [...chosen].map((file) => ({ path: file.name, file }));
  const { modelType, layout, tensors } = inspectCheckpoint(await openCheckpoint(blobFiles('these files', entries)));
  output.textContent = `${modelType}: ${layout}, ${tensors} tensors`;
}
const said = (chosen) => show(chosen).catch((error) => (output.textContent = error.message));
document.querySelector('input').addEventListener('change', (event) => said(event.target.files));
addEventListener('dragover', (event) => event.preventDefault());
addEventListener('drop', (event) => {
  event.preventDefault();
  said(event.dataTransfer.files);
});
