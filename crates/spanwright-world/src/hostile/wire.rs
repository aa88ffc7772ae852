//! HTTP/1.1 by hand: one request after the other on a connection, as long as the behaviours let it live.

use std::{io, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::{Answer, Received, State};

/// Bytes of a request's line or header at most.
const LINE_BYTES_MOST: usize = 64 << 10;
/// Bytes of a request's body at most.
const BODY_BYTES_MOST: usize = 64 << 20;

type Stream = BufReader<TcpStream>;

/// Whether a connection goes on.
enum After {
    GoesOn,
    Ends,
}

pub(super) async fn listen(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            // A connection that fails is what clients of a hostile server have to expect.
            while let Ok(After::GoesOn) = one(&mut stream, &state).await {}
        });
    }
}

/// One request. The behaviour is chosen when its first bytes have come, and not before: clients open connections in advance.
async fn one(stream: &mut Stream, state: &State) -> io::Result<After> {
    let first = stream.fill_buf().await?;
    if first.is_empty() {
        return Ok(After::Ends);
    }
    let is_sign_in = first.starts_with(b"POST /oauth/token");
    let answer = state.take(is_sign_in);
    match answer {
        Answer::CutBeforeReading => return Ok(After::Ends),
        Answer::HangBeforeReading => std::future::pending().await,
        _ => {}
    }
    let received = read(stream).await?;
    state.keep(is_sign_in, received.clone());
    act(stream, answer, &received).await
}

async fn act(stream: &mut Stream, answer: Answer, received: &Received) -> io::Result<After> {
    match answer {
        Answer::Whole { status, headers, body } => {
            stream.write_all(&head(status, &headers, body.len())).await?;
            stream.write_all(&body).await?;
            Ok(After::GoesOn)
        }
        Answer::By(answer) => Box::pin(act(stream, answer(received), received)).await,
        Answer::Slow(answer, time) => {
            tokio::time::sleep(time).await;
            Box::pin(act(stream, *answer, received)).await
        }
        Answer::CutInAnswer(answer, bytes) => cut_in(stream, *answer, bytes, received).await,
        Answer::HangAfterReading | Answer::HangBeforeReading => std::future::pending().await,
        Answer::CutBeforeReading | Answer::CutAfterReading => Ok(After::Ends),
    }
}

async fn cut_in(stream: &mut Stream, answer: Answer, bytes: usize, received: &Received) -> io::Result<After> {
    match answer {
        Answer::By(answer) => Box::pin(cut_in(stream, answer(received), bytes, received)).await,
        Answer::Whole { status, headers, body } => {
            stream.write_all(&head(status, &headers, body.len())).await?;
            stream.write_all(&body[..bytes.min(body.len())]).await?;
            stream.flush().await?;
            Ok(After::Ends)
        }
        other => Box::pin(act(stream, other, received)).await,
    }
}

fn head(status: u16, headers: &[(String, String)], body_bytes: usize) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status} Scripted\r\n{headers}content-length: {body_bytes}\r\n\r\n").into_bytes()
}

async fn read(stream: &mut Stream) -> io::Result<Received> {
    let request_line = line(stream).await?;
    let mut parts = request_line.split(' ');
    let (method, path) = (parts.next().unwrap_or_default().to_owned(), parts.next().unwrap_or_default().to_owned());
    let mut headers = Vec::new();
    loop {
        let header = line(stream).await?;
        match header.split_once(':') {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let mut received = Received { method, path, headers, body: Vec::new() };
    received.body = body(stream, &received).await?;
    Ok(received)
}

async fn line(stream: &mut Stream) -> io::Result<String> {
    let mut line = Vec::new();
    stream.take(LINE_BYTES_MOST as u64).read_until(b'\n', &mut line).await?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

async fn body(stream: &mut Stream, received: &Received) -> io::Result<Vec<u8>> {
    if received.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return chunked(stream).await;
    }
    let length = received.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    piece(stream, length).await
}

async fn chunked(stream: &mut Stream) -> io::Result<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let size = usize::from_str_radix(line(stream).await?.trim(), 16).map_err(io::Error::other)?;
        whole.extend(piece(stream, size).await?);
        line(stream).await?;
        if size == 0 {
            return Ok(whole);
        }
    }
}

async fn piece(stream: &mut Stream, bytes: usize) -> io::Result<Vec<u8>> {
    if bytes > BODY_BYTES_MOST {
        return Err(io::Error::other("the body is too large"));
    }
    let mut piece = vec![0; bytes];
    stream.read_exact(&mut piece).await?;
    Ok(piece)
}
