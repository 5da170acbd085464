// A page of another origin that uploads as the published React components do: MediaChunkUploader of
// @selfcommunity/react-ui, on @rpldy/chunked-uploady and the axios instance of @selfcommunity/api-services.
import ChunkedUploady, {
  useChunkFinishListener,
  useChunkStartListener,
  useItemErrorListener,
  useItemFinishListener,
  useRequestPreSend,
  useUploady,
} from '@rpldy/chunked-uploady';
import {Endpoints, http, MediaService} from '@selfcommunity/api-services';
import {useRef, useState} from 'react';
import {createRoot} from 'react-dom/client';
import SparkMD5 from 'spark-md5';

const {api, token} = Object.fromEntries(new URLSearchParams(location.search));
http.setBasePortal(api);
http.setAuthorizeToken(token);

const md5 = async (file) => SparkMD5.ArrayBuffer.hash(await file.arrayBuffer());

function Uploader({onSuccess, onError}) {
  const uploads = useRef({}); // by item: the upload's id, and the type to complete it with
  const uploady = useUploady();

  useRequestPreSend(async ({items, options: {inputFieldName}}) => ({
    items,
    options: {inputFieldName, destination: {headers: {Authorization: `Bearer ${token}`}}},
  }));

  useChunkStartListener(({item, sendOptions}) => {
    const upload = (uploads.current[item.id] ??= {type: sendOptions.paramName});
    return {
      url: api + Endpoints.ComposerChunkUploadMedia.url(),
      sendOptions: {
        paramName: 'image',
        method: Endpoints.ComposerChunkUploadMedia.method,
        formatServerResponse: async (response) => JSON.parse(response),
        ...(upload.id && {params: {upload_id: upload.id}}),
      },
    };
  });

  useChunkFinishListener(async ({item, uploadData}) => {
    const answer = await uploadData.response.data;
    uploads.current[item.id].id = answer.upload_id;
  });

  useItemFinishListener(async (item) => {
    const form = new FormData();
    form.append('upload_id', uploads.current[item.id].id);
    form.append('type', uploads.current[item.id].type);
    form.append('md5', await md5(item.file));
    try {
      const media = await MediaService.chunkUploadMediaComplete(form, {headers: {'Content-Type': 'multipart/form-data'}});
      onSuccess(item.file.name, media);
    } catch (error) {
      onError(item.file.name, error.response?.data);
    }
  });

  useItemErrorListener(async (item) => {
    onError(item.file.name, await item.uploadResponse.chunkUploadResponse.response.data);
  });

  return (
    <>
      <button onClick={() => uploady.showFileUpload({inputFieldName: 'image'})}>Choose images</button>
      <button onClick={() => uploady.showFileUpload({inputFieldName: 'document'})}>Choose documents</button>
    </>
  );
}

function Media({name, media, onDelete}) {
  const [fetched, setFetched] = useState('');
  const open = async () => {
    const {data, headers} = await http.request({url: media.url, responseType: 'blob'});
    setFetched(`${data.type} ${await md5(data)} ${headers['content-disposition']}`);
  };
  const remove = async () => {
    await MediaService.deleteMedia(media.id);
    onDelete();
  };
  return (
    <li data-file={name} data-media={JSON.stringify(media)}>
      <img src={media.image_thumbnail?.url} alt={media.title} height="60" /> {media.title}{' '}
      <button onClick={open}>Fetch</button> <button onClick={remove}>Delete</button> <output>{fetched}</output>
    </li>
  );
}

function Page() {
  const [done, setDone] = useState([]);
  const [failed, setFailed] = useState([]);
  return (
    <ChunkedUploady destination={{url: api, method: 'POST'}} chunkSize={204800} multiple>
      <Uploader
        onSuccess={(name, media) => setDone((all) => [...all, {name, media}])}
        onError={(name, error) => setFailed((all) => [...all, {name, error}])}
      />
      <ul>
        {done.map(({name, media}) => (
          <Media key={media.id} {...{name, media}} onDelete={() => setDone((all) => all.filter((one) => one.media !== media))} />
        ))}
      </ul>
      {failed.map(({name, error}, at) => (
        <p role="alert" key={at} data-file={name}>
          {name}: {error?.message ?? 'the upload failed'}
        </p>
      ))}
    </ChunkedUploady>
  );
}

createRoot(document.body.appendChild(document.createElement('main'))).render(<Page />);
